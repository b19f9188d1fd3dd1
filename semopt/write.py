"""Variants beside their originals. semopt overwrites and deletes only what it can show that it wrote.

What it wrote is known from the manifest, and from a journal that is written before each rename and outlives a build
that was killed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from semopt.atomic import digest, is_inside, is_temporary, replace_whole, temporary
from semopt.journal import Journal, Line
from semopt.naming import Naming, fault
from semopt.state import STATE
from semopt.types import SemoptError

JOURNAL = "journal"


class ForeignError(SemoptError):
    """Something that semopt did not write stands in the way; the text says what to do."""


class Writer:
    """Writes and removes variants below a folder. Paths are relative to it, POSIX."""

    def __init__(
        self, root: Path, base: str, namings: Sequence[Naming], owned: dict[str, set[str]], state: Path | None = None
    ) -> None:
        """root: what paths are relative to. base: the tree relative to root, with a slash, or empty.

        namings: the templates that variants are written under, now first, then those of the manifest before. owned:
        paths and the sha256 under which semopt wrote them, from the manifest. state: the folder of the journal, by
        default in root.
        """
        self._root, self._journal = root, Journal((state or root / STATE) / JOURNAL)
        lines = self._journal.lines()
        # A killed build may have written under a template that neither config nor manifest has any more.
        others = {Naming(line.output) for line in lines if line.output and fault(line.output) is None}
        self._told = {Naming(), namings[0]}  # what the next reader of the manifest knows
        self._base, self._namings = base, (Naming(), *sorted({*namings, *others} - {Naming()}, key=str))
        self._owned = {path: set(hashes) for path, hashes in owned.items() if self._inside(path)}
        self._adopted: set[str] = set()
        for line in lines:
            if self._inside(line.path):
                self._owned.setdefault(line.path, set()).add(line.sha256)

    def owned_paths(self) -> frozenset[str]:
        """Every path that semopt wrote at some time and may still be there."""
        return frozenset(self._owned)

    def standing(self, path: str) -> str | None:
        """The sha256 of the regular file at a path; None where there is nothing. Raises ForeignError, OSError."""
        file = self._root / path
        self._stay_home(path)
        try:
            status = os.lstat(file)
        except (FileNotFoundError, NotADirectoryError):
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
        if standing == sha256:
            return False  # these very bytes, so nothing is overwritten: the folder was moved or copied as a whole
        if standing in self._owned.get(path, ()):
            return True
        changed = path in self._owned
        what = "was changed since semopt wrote it" if changed else "is in the way and was not written by semopt"
        raise ForeignError(f"{path} {what}; move it away or delete it")

    def place(self, path: str, content: bytes, like: Path) -> None:
        """Put a variant in its place, with the permissions of its original. Raises OSError and ForeignError."""
        sha256 = digest(content)
        if not self.check(path, sha256):
            return
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        through = temporary(target.parent)
        self._journal.note([self._line(path, sha256, through.name)])
        self._owned.setdefault(path, set()).add(sha256)
        # Writable by its owner whatever the original is: Windows replaces and removes no other file.
        replace_whole(target, content, stat.S_IMODE(os.stat(like).st_mode) & 0o666 | stat.S_IWUSR, through)

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

    def adopt(self, paths: Iterable[str]) -> None:
        """Note in the journal what the manifest will no longer say is ours, so that it stays ours. Raises OSError."""
        leaving = {path for path in paths if path in self._owned} - self._adopted
        if leaving:
            self._journal.note(self._lines(leaving))
            self._adopted |= leaving

    def settle(self, named: Collection[str]) -> None:
        """Keep in the journal only what is ours, may still stand, and is not known from the manifest. Raises OSError.

        Known from the manifest is what it names by the template that it has.
        """
        told = self._told.issuperset(self._namings)  # as nearly always; else each path is looked at
        known = named if told else {path for path in named if self._naming(path) in self._told}
        self._journal.replace(self._lines(path for path in self._owned if path not in known and self._may_stand(path)))

    def recover(self) -> None:
        """Sweep away what a killed build was about to rename. Only for who holds the lock."""
        for line in self._journal.lines():
            name = line.through
            if self._inside(line.path) and is_temporary(name):
                with suppress(OSError, ForeignError):
                    self._stay_home(line.path)
                    (self._root / line.path).with_name(name).unlink()

    def _lines(self, paths: Iterable[str]) -> list[Line]:
        return [self._line(path, sha256) for path in sorted(paths) for sha256 in sorted(self._owned[path])]

    def _line(self, path: str, sha256: str, through: str = "") -> Line:
        naming = self._naming(path)
        return Line(path, sha256, through, "" if naming in (None, Naming()) else naming.template)

    def _may_stand(self, path: str) -> bool:
        try:
            os.lstat(self._root / path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def _stay_home(self, path: str) -> None:
        """Raise ForeignError where a folder on the way is a link that leads out."""
        folder = os.path.realpath((self._root / path).parent)
        if not any(is_inside(folder, os.path.realpath(home)) for home in (self._root, self._root / self._base)):
            raise ForeignError(f"{path} lies behind a link that leads out of the tree; move the link away")

    def _inside(self, path: str) -> bool:
        """Whether a path out of a file is one that semopt could have written: a variant's, in the config's folder.

        Where the user put the tree elsewhere by an absolute path, that tree counts too.
        """
        return self._naming(path) is not None

    def _naming(self, path: str) -> Naming | None:
        """The template that could have given a path, the default one first; None where no template could."""
        try:
            if "\0" in path or not os.fsencode(path):
                return None
        except UnicodeError:
            return None
        own = path.removeprefix(self._base) if self._base.startswith("../") and path.startswith(self._base) else path
        if own.startswith(f"{STATE}/"):
            return None
        return next((naming for naming in self._namings if naming.could_be(own)), None)
