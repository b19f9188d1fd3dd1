"""The journal: what semopt wrote or was about to write, beside what the manifest names. It outlives a killed build."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from semopt.atomic import replace_whole
from semopt.types import SemoptError

_NONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True, slots=True)
class Line:
    """A variant's path, the sha256 that semopt gave it, and the temporary name that it was written through, if any.

    output: the template that gave the path, empty for the default one.
    """

    path: str
    sha256: str
    through: str = ""
    output: str = ""


_WARY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Journal:
    """A file of lines. It is never followed through a link: what is in the tree may be somebody else's."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def lines(self) -> list[Line]:
        """Every line that can be read; a torn one is passed over, a link not followed. Raises OSError, SemoptError."""
        try:
            descriptor = self._open(os.O_RDONLY)
        except OSError as error:
            if error.errno in _NONE:
                return []
            raise
        with os.fdopen(descriptor, "rb") as stream:
            return [line for line in map(_line, stream.read().splitlines()) if line is not None]

    def note(self, lines: Iterable[Line]) -> None:
        """Add lines, on the disk when this returns. Raises OSError and SemoptError."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(self._open(os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as stream:
            # The line before may be torn, so that it must not swallow the next.
            stream.write(b"\n" + b"".join(map(_bytes, lines)))
            stream.flush()
            os.fsync(stream.fileno())

    def replace(self, lines: Iterable[Line]) -> None:
        """Keep only these lines. Raises OSError."""
        content = b"".join(map(_bytes, lines))
        if content and content != self._present():
            replace_whole(self._file, content)
        elif not content:
            with suppress(FileNotFoundError):
                self._file.unlink()

    def _present(self) -> bytes:
        with suppress(OSError):
            return self._file.read_bytes()
        return b""

    def _open(self, flags: int) -> int:
        descriptor = os.open(self._file, flags | _WARY, 0o666)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            os.close(descriptor)
            raise SemoptError(f"{self._file} is not a file of semopt's own; move it away")
        return descriptor


def _bytes(line: Line) -> bytes:
    return json.dumps(asdict(line)).encode("ascii") + b"\n"


def _line(content: bytes) -> Line | None:
    try:
        line = Line(**json.loads(content))
    except (ValueError, TypeError, RecursionError):
        return None
    return line if all(isinstance(value, str) for value in asdict(line).values()) else None
