"""Variants beside their originals. semopt overwrites and deletes only what it can show that it wrote.

What it wrote is known from the manifest, and from a journal that is written before each rename and outlives a build
that was killed.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from semopt.atomic import PREFIX, SUFFIX, digest, replace_whole, temporary
from semopt.plan import MARK
from semopt.types import SemoptError

JOURNAL = "journal"


class ForeignError(SemoptError):
    """Something that semopt did not write stands in the way; the text says what to do."""


def output_path(path: str, suffix: str) -> str:
    """Where the variant of an original goes: `cat.jpg` becomes `cat.jpg.semopt.webp`."""
    return f"{path}{MARK.rstrip('.')}{suffix}"


class Writer:
    """Writes and removes variants below a folder. Paths are relative to it, POSIX."""

    def __init__(self, root: Path, state: Path, base: str, owned: dict[str, set[str]]) -> None:
        """root: what paths are relative to. state: the `.semopt` folder. base: the tree relative to root.

        owned: paths and the sha256 under which semopt wrote them, from the manifest.
        """
        self._root, self._journal, self._base = root, state / JOURNAL, base
        self._owned = {path: set(hashes) for path, hashes in owned.items() if self._inside(path)}
        self._adopted = False
        self._unfinished: list[tuple[str, str]] = []
        self._read_journal()

    def owned_paths(self) -> frozenset[str]:
        """Every path that semopt wrote at some time and may still be there."""
        return frozenset(self._owned)

    def standing(self, path: str) -> str | None:
        """The sha256 of the regular file at a path; None where there is nothing. Raises ForeignError for all else."""
        file = self._root / path
        tree = os.path.realpath(self._root / self._base)
        if os.path.commonpath([os.path.realpath(file.parent), tree]) != tree:
            raise ForeignError(f"{path} lies behind a link that leads out of the tree; move the link away")
        try:
            status = os.lstat(file)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise ForeignError(f"{path} is in the way and is no file that semopt wrote; move it away")
        if status.st_nlink > 1:
            raise ForeignError(f"{path} is in the way and is linked to another file; move it away")
        return digest(file.read_bytes())

    def check(self, path: str, sha256: str) -> bool:
        """Whether a file must be written to have this content at path. Raises ForeignError where that may not be."""
        standing = self.standing(path)
        if standing is None:
            return True
        if standing in self._owned.get(path, ()):
            return standing != sha256
        changed = path in self._owned
        what = "was changed since semopt wrote it" if changed else "is in the way and was not written by semopt"
        raise ForeignError(f"{path} {what}; move it away or delete it")

    def place(self, path: str, content: bytes, like: Path) -> None:
        """Put a variant in its place, with the permissions of its original. Raises OSError and ForeignError."""
        sha256 = digest(content)
        if not self.check(path, sha256):
            return
        target = self._root / path
        through = temporary(target.parent)
        self._note([{"path": path, "sha256": sha256, "through": through.name}])
        self._owned.setdefault(path, set()).add(sha256)
        replace_whole(target, content, stat.S_IMODE(os.stat(like).st_mode) & 0o666, through)

    def remove(self, path: str) -> str:
        """Remove a variant that semopt wrote; what it may not remove is left, and the answer says why."""
        if path not in self._owned:
            return ""
        try:
            standing = self.standing(path)
            if standing is not None and standing not in self._owned[path]:
                return f"{path} was changed since semopt wrote it; it is left"
            if standing is not None:
                (self._root / path).unlink()
        except ForeignError:
            return f"{path} is no longer the file that semopt wrote; it is left"
        except OSError as error:
            return f"{path} cannot be removed: {error.strerror}"
        return ""

    def adopt(self) -> None:
        """Note in the journal all that the manifest says is ours, so that it stays ours when the manifest changes."""
        if not self._adopted:
            self._note(
                {"path": path, "sha256": sha256, "through": ""}
                for path, hashes in sorted(self._owned.items())
                for sha256 in sorted(hashes)
            )
            self._adopted = True

    def settle(self) -> None:
        """Forget the journal: everything in it is in the manifest by now."""
        with suppress(OSError):
            self._journal.unlink()

    def _note(self, lines: Iterable[dict[str, Any]]) -> None:
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        with open(self._journal, "ab") as stream:
            stream.writelines(json.dumps(line).encode("ascii") + b"\n" for line in lines)
            stream.flush()
            os.fsync(stream.fileno())

    def _read_journal(self) -> None:
        """Take up what a killed build left: what it wrote is ours, what it was about to rename is for `sweep`."""
        try:
            lines = self._journal.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                one = json.loads(line)
                if self._inside(one["path"]):
                    self._owned.setdefault(one["path"], set()).add(one["sha256"])
                    self._unfinished.append((one["path"], str(one["through"])))

    def sweep(self) -> None:
        """Remove what a killed build was about to rename. Only for who holds the tree's lock: it may be in use."""
        for path, through in self._unfinished:
            if through.startswith(PREFIX) and through.endswith(SUFFIX) and "/" not in through and os.sep not in through:
                with suppress(OSError, ValueError, ForeignError):
                    self.standing(path)  # raises where a link leads out of the tree
                    (self._root / path).with_name(through).unlink()

    def _inside(self, path: Any) -> bool:
        """Whether a path out of a file is one that semopt could have written: a variant's name in the tree."""
        if not isinstance(path, str) or "\0" in path or not path.startswith(self._base):
            return False
        folder, _, name = path.removeprefix(self._base).rpartition("/")
        return MARK in name and not path.removeprefix(self._base).startswith("/") and ".." not in folder.split("/")
