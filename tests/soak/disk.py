"""A file system that fails, or dies, at one chosen call: a layer over `os` for everything below one folder.

Death is a model of kill -9 in one process: from the chosen call on nothing reaches the disk any more, whatever clauses
the program has for its end. A loss of power also takes what was written and not synced, and renames whose folder was
not synced. A write that fails or dies has put half of its bytes on the disk.
"""

from __future__ import annotations

import errno
import io
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

Harm = Literal["kill", "power"] | int
"""What happens at the chosen call; a number is an errno."""

CHANGES = ("write", "create", "replace", "unlink", "mkdir", "rmdir", "chmod", "utime", "fsync")
LOOKS = ("open", "read", "stat", "lstat", "scandir", "close")

NAMES = ("open", "replace", "unlink", "mkdir", "rmdir", "chmod", "utime", "fsync", "stat", "lstat", "scandir")


class Death(BaseException):
    """The process is no more."""


class Disk:
    """A context in which calls below a folder are counted, and the one with a number is harmed.

    at: number of that call, from 1; 0 for none. harm: a kill or a loss of power is counted in calls that change the
    disk, an errno in all calls.
    """

    def __init__(self, folder: Path, at: int, harm: Harm) -> None:
        self._folder, self._at, self._harm = str(folder), at, harm
        self.kinds: Counter[str] = Counter()
        self.struck = ""
        self._real: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in NAMES}
        self._fdopen, self._close, self._io_open = os.fdopen, os.close, io.open
        self._files: dict[int, str] = {}
        self._dirty: dict[str, int] = {}  # by path, how many of its bytes are synced
        self._renames: list[tuple[str, str, bytes | None]] = []

    # --- in and out ---

    def __enter__(self) -> Disk:
        for name in NAMES:
            setattr(os, name, getattr(self, f"_{name}"))
        os.fdopen, os.close, io.open = self._stream, self._closed, self._io_opened  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        for name in NAMES:
            setattr(os, name, self._real[name])
        os.fdopen, os.close, io.open = self._fdopen, self._close, self._io_open
        for descriptor in list(self._files):
            with suppress(OSError):
                os.close(descriptor)
        if self._dead and self._harm == "power":
            self._lose()

    @property
    def _dead(self) -> bool:
        return bool(self.struck) and not isinstance(self._harm, int)

    def _lose(self) -> None:
        """What was not synced is not there any more."""
        for path, safe in self._dirty.items():
            with suppress(OSError):
                content = Path(path).read_bytes()
                Path(path).write_bytes(content[:safe] + b"\0" * (len(content) - safe))
        for source, target, before in reversed(self._renames):
            with suppress(OSError):
                os.replace(target, source)
                if before is not None:
                    Path(target).write_bytes(before)

    # --- the chosen call ---

    def _call(self, what: str, path: Any) -> bool:
        """Count a call; whether it is to fail. Raises Death."""
        if not self._ours(path):
            return False
        if self._dead:
            raise Death
        if not isinstance(self._harm, int) and what in LOOKS:
            return False
        self.kinds[what] += 1
        if self.kinds.total() != self._at:
            return False
        self.struck = f"{what} {os.path.relpath(os.fsdecode(path), self._folder)}"
        return True

    def _ours(self, path: Any) -> bool:
        return not isinstance(path, int) and os.fsdecode(path).startswith(self._folder)

    def _strike(self, path: Any) -> None:
        if isinstance(self._harm, int):
            raise OSError(self._harm, os.strerror(self._harm), os.fsdecode(path))
        raise Death

    def _meet(self, what: str, path: Any) -> None:
        if self._call(what, path):
            self._strike(path)

    # --- the calls ---

    def _open(self, path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        made = flags & os.O_CREAT and self._ours(path) and not os.path.lexists(path)
        self._meet("create" if made else "open", path)
        descriptor: int = self._real["open"](path, flags, mode, **more)
        if self._ours(path):
            self._files[descriptor] = os.fsdecode(path)
            if made:
                self._dirty[os.fsdecode(path)] = 0
        return descriptor

    def _replace(self, source: Any, target: Any, **more: Any) -> None:
        self._meet("replace", target)
        path, before = os.fsdecode(target), None
        if self._ours(target):
            with suppress(OSError), self._io_open(path, "rb") as stream:
                before = stream.read()
        self._real["replace"](source, target, **more)
        if self._ours(target):
            self._renames.append((os.fsdecode(source), path, before))
            self._dirty.pop(path, None)
            if os.fsdecode(source) in self._dirty:
                self._dirty[path] = self._dirty.pop(os.fsdecode(source))

    def _fsync(self, descriptor: int) -> None:
        path = self._files.get(descriptor)
        if path is None:
            return self._real["fsync"](descriptor)  # type: ignore[no-any-return]
        self._meet("fsync", path)
        self._dirty.pop(path, None)
        self._renames = [one for one in self._renames if os.path.dirname(one[1]) != path]
        return None

    def _unlink(self, path: Any, **more: Any) -> None:
        self._meet("unlink", path)
        self._real["unlink"](path, **more)
        self._dirty.pop(os.fsdecode(path), None)

    def _mkdir(self, path: Any, *rest: Any, **more: Any) -> None:
        self._meet("mkdir", path)
        self._real["mkdir"](path, *rest, **more)

    def _rmdir(self, path: Any, **more: Any) -> None:
        self._meet("rmdir", path)
        self._real["rmdir"](path, **more)

    def _chmod(self, path: Any, *rest: Any, **more: Any) -> None:
        self._meet("chmod", path)
        self._real["chmod"](path, *rest, **more)

    def _utime(self, path: Any, *rest: Any, **more: Any) -> None:
        self._meet("utime", path)
        self._real["utime"](path, *rest, **more)

    def _stat(self, path: Any, **more: Any) -> os.stat_result:
        self._meet("stat", path)
        return self._real["stat"](path, **more)  # type: ignore[no-any-return]

    def _lstat(self, path: Any, **more: Any) -> os.stat_result:
        self._meet("lstat", path)
        return self._real["lstat"](path, **more)  # type: ignore[no-any-return]

    def _scandir(self, path: Any = ".") -> Any:
        self._meet("scandir", path)
        return self._real["scandir"](path)

    def _io_opened(self, path: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        self._meet("read" if "r" in mode else "create", path)
        return self._io_open(path, mode, *rest, **more)

    def _stream(self, descriptor: int, *rest: Any, **more: Any) -> Any:
        path = self._files.get(descriptor)
        if path is None:
            return self._fdopen(descriptor, *rest, **more)
        return _Stream(self, descriptor, path)

    def _closed(self, descriptor: int) -> None:
        path = self._files.pop(descriptor, None)
        fails = path is not None and not self._dead and self._call("close", path)
        self._close(descriptor)
        if fails:
            self._strike(path)

    def written(self, descriptor: int, content: bytes) -> None:
        """Write all of it, or half where this is the chosen call."""
        path = self._files[descriptor]
        self._dirty.setdefault(path, os.fstat(descriptor).st_size)
        fails = self._call("write", path)
        os.write(descriptor, content[: len(content) // 2] if fails else content)
        if fails:
            self._strike(path)


class _Stream:
    """A file object without a buffer over one descriptor."""

    def __init__(self, disk: Disk, descriptor: int, path: str) -> None:
        self._disk, self._descriptor, self._path = disk, descriptor, path

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, content: bytes) -> None:
        """As a file's."""
        self._disk.written(self._descriptor, content)

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        pieces: list[bytes] = []
        while size < 0 or size > sum(map(len, pieces)):
            piece = os.read(self._descriptor, 1 << 16 if size < 0 else size - sum(map(len, pieces)))
            if not piece:
                break
            pieces.append(piece)
        return b"".join(pieces)

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor


ERRNOS = (errno.ENOSPC, errno.EIO, errno.EACCES)
