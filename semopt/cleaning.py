"""Takes out of a tree all that semopt put there, and nothing that it cannot show to be its own.

Variants are semopt's by the rule of `write`: path and sha256 in the manifest or the journal. They go first, so that
what tells whose they are outlives a run that is stopped.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from semopt import manifest, plan, stock
from semopt.atomic import is_temporary
from semopt.ledger import Ledger
from semopt.lock import locked
from semopt.state import IGNORE, SCHEMA, STATE
from semopt.types import Config, SemoptError
from semopt.write import JOURNAL, ForeignError

LOCK = "lock"
FILES = ("index.json", "report.html", "thumbs.json", SCHEMA, IGNORE, "unfinished", JOURNAL)
"""What semopt writes into `.semopt/` beside the lock and the cache; the journal last."""

Kind = Literal["variant", "manifest", "state", "cache"]


@dataclass(frozen=True, slots=True)
class Step:
    """What became, or would become, of one file. bytes: that went. left: why it stays, empty where it went."""

    path: str
    kind: Kind
    bytes: int = 0
    left: str = ""


def clean(config: Config, waiting: Callable[[], None]) -> Iterator[Step]:
    """Remove what semopt wrote, file by file, under the tree's lock. waiting: told, once, that a build runs.

    Raises SemoptError where `.semopt` is not semopt's folder, OSError where the tree cannot be read.
    """
    state = _state(config)
    if not state.exists() and not os.path.lexists(config.root / manifest.NAME):
        return
    manifest.read(manifest.load(config.root), config.root / manifest.NAME)  # before the lock makes a folder
    with locked(state / LOCK, waiting):
        cleaning = _Cleaning(config, dry=False)
        yield from cleaning.steps()
        if os.name != "nt":
            _remove_lock(state)
    if os.name == "nt":  # where an open file cannot be removed
        _remove_lock(state)


def preview(config: Config) -> Iterator[Step]:
    """What `clean` would do. Writes nothing and waits for nobody."""
    _state(config)
    yield from _Cleaning(config, dry=True).steps()


def _state(config: Config) -> Path:
    """The folder `.semopt`, which is no link and whose lock is none."""
    state = config.root / STATE
    for path, is_kind in ((state, stat.S_ISDIR), (state / LOCK, stat.S_ISREG)):
        if os.path.lexists(path) and not is_kind(os.lstat(path).st_mode):
            raise SemoptError(f"{path} is a link or something else that semopt did not make; move it away")
    return state


def _remove_lock(state: Path) -> None:
    """Remove the lock and the folder, unless something is left there."""
    with suppress(OSError):
        if {entry.name for entry in os.scandir(state)} == {LOCK}:
            (state / LOCK).unlink()
            state.rmdir()


class _Cleaning:
    """One clean of one tree. dry: only look."""

    def __init__(self, config: Config, dry: bool) -> None:
        self._root, self._state, self._dry = config.root, config.root / STATE, dry
        self._ledger = Ledger(config, plan.relative(config, ""))
        self._writer = self._ledger.writer
        self._journaled = os.path.lexists(self._state / JOURNAL)
        if not dry:
            self._ledger.recover()

    def steps(self) -> Iterator[Step]:
        """Every file; the journal stays where a variant of semopt's own could not be removed.

        Before the first variant the journal is told of all of them and the manifest goes, for it must name none that is
        not there. A disk too full for that line is cleaned all the same, with the manifest last.
        """
        told = self._told()
        if told:
            gone = list(self._manifest())
            yield from gone
            if self._ledger.before and any(step.left for step in gone):
                return
        stuck = False
        for step in map(self._variant, sorted(self._writer.owned_paths())):
            if step:
                stuck = stuck or step.left not in ("", _CHANGED)
                yield step
        yield from self._strangers()
        if stuck:
            said = "stays, for it says which of the files that are left are semopt's"
            yield Step(f"{STATE}/{JOURNAL}", "state", left=said) if told else Step(manifest.NAME, "manifest", left=said)
            return
        if not told:
            yield from self._manifest()
        yield from self._cache()
        yield from self._books()

    def _told(self) -> bool:
        """Tell the journal of every variant; whether it could be told."""
        try:
            if not self._dry:
                self._writer.adopt(self._writer.owned_paths())
        except OSError:
            return False
        return True

    def _variant(self, path: str) -> Step | None:
        """Remove a variant; None where there is nothing."""
        try:
            size = os.lstat(self._root / path).st_size
            self._writer.check(path, "")
        except ForeignError:
            return Step(path, "variant", left=_CHANGED)
        except ValueError:  # a name that no file can have
            return None
        except OSError as error:
            return None if error.errno in _ABSENT else Step(path, "variant", left=f"cannot be read: {error.strerror}")
        message = "" if self._dry else self._writer.remove(path)
        return Step(path, "variant", left=message) if message else Step(path, "variant", size)

    def _strangers(self) -> Iterator[Step]:
        """Name what the manifest claims and semopt does not own: it cannot have written that in this tree."""
        for path in sorted(set(manifest.owned(self._ledger.before)) - self._writer.owned_paths()):
            if os.path.lexists(self._root / path):
                yield Step(path, "variant", left="is named in the manifest, but no variant in this tree is called that")

    def _manifest(self) -> Iterator[Step]:
        content = manifest.load(self._root)
        if content or os.path.lexists(self._root / manifest.NAME):
            wrong = "" if manifest.is_one(content) else "is not a manifest that this version of semopt writes"
            yield self._gone(self._root / manifest.NAME, "manifest", wrong)

    def _cache(self) -> Iterator[Step]:
        """The cache in `.semopt`; one that the config put elsewhere may have other users and stays."""
        folder = self._state / "cache"
        if not folder.is_dir() or folder.is_symlink():
            return
        held = stock.take(folder)
        yield from (self._gone(entry.file, "cache") for entry in held.entries)
        yield from (Step(self._shown(path), "cache", left=_FOREIGN) for path in held.foreign)
        if not self._dry:
            stock.remove(held, ())
            with suppress(OSError):
                folder.rmdir()

    def _books(self) -> Iterator[Step]:
        """Semopt's files in `.semopt`, and what else is there by name."""
        names = {entry.name for entry in os.scandir(self._state)} if self._state.exists() else set()
        known = [*(name for name in sorted(names) if is_temporary(name)), *(n for n in FILES if n in names)]
        for name in sorted(names - set(known) - {LOCK}):
            if name != "cache" or os.path.islink(self._state / name) or not os.path.isdir(self._state / name):
                yield Step(self._shown(self._state / name), "state", left=_FOREIGN)
        for name in known:
            edited = name == IGNORE and not self._is(self._state / name, b"*\n")
            step = self._gone(self._state / name, "state", "was changed since semopt wrote it" if edited else "")
            if step.left or name != JOURNAL or self._journaled:  # else it was made by this very run
                yield step

    @staticmethod
    def _is(file: Path, content: bytes) -> bool:
        try:
            return file.read_bytes() == content
        except OSError:
            return False

    def _gone(self, file: Path, kind: Kind, wrong: str = "") -> Step:
        """Remove a file that is neither a link nor linked to another one."""
        path = self._shown(file)
        try:
            status = os.lstat(file)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
                wrong = "is a link, or linked to another file"
            elif not wrong and not self._dry:
                file.unlink()
        except OSError as error:
            wrong = f"cannot be removed: {error.strerror or error}"
        return Step(path, kind, left=wrong) if wrong else Step(path, kind, status.st_size)

    def _shown(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix()


_FOREIGN = "was not written by semopt"
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)
_CHANGED = "is no longer the file that semopt wrote"
