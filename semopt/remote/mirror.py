"""A tree at a URL, built in a mirror: fetched before a build, published after it.

The mirror is what stood at the URL when it was fetched, with the manifest there, so that the build itself is one of an
ordinary tree, and ownership is known as it always is: from that manifest, and from the journal of a run that was cut
short. Only images come into it. Nobody else writes there.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from semopt import manifest, plan, regular
from semopt.atomic import is_inside, replace_whole, temporary
from semopt.globs import matcher
from semopt.journal import Journal, Line
from semopt.remote import record
from semopt.remote.books import JOURNAL, MOST_BOOK, lines_of, owned_by
from semopt.remote.record import Row
from semopt.remote.server import Found, RemoteError, Server, why
from semopt.state import STATE, ignored
from semopt.types import Config, SemoptError

log = logging.getLogger("semopt")

AT_ONCE = 8  # objects under way
BOOKS = (manifest.NAME, JOURNAL)
Item = TypeVar("Item")


class Mirror:
    """One tree at a URL for one build. Only for who holds the lock of the mirror."""

    def __init__(self, config: Config, url: str) -> None:
        self.config, self.root, self.url = config, config.root, url
        self.server = Server(url)
        self.rows: record.Rows = {}  # what stood at the URL, as fetched
        self.there: dict[str, Found] = {}  # the same as it was listed
        self.before = b""  # the manifest there
        self.lines: list[Line] = []  # the journal there
        self.owned: dict[str, set[str]] = {}  # paths there and the sha256 under which semopt wrote them
        self._excluded = matcher(config.exclude)

    def fetch(self) -> None:
        """Make the mirror what stands at the URL. Raises RemoteError, where nothing was built yet, and OSError."""
        self.rows = record.read(self._book)
        self._list()
        try:
            self.before, journal = (self._book_there(name) for name in BOOKS)
            self.lines = lines_of(journal)
            self.owned = owned_by(self.before, self.lines)
            self._drop()
            self._bring()
        finally:
            record.write(self._book, self.rows)
        self._open_books()

    @property
    def _book(self) -> Path:
        return self.root / STATE / "remote.json"

    def make(self) -> None:
        """Make the folder. Raises SemoptError where it is a link: what is fetched would land elsewhere."""
        state = self.root.parent.parent
        for folder in (state, state / "cache", self.root.parent, self.root):
            if os.path.islink(folder):
                raise SemoptError(f"{folder} is a link, which is not followed here; move it away")
        ignored(state)

    def _list(self) -> None:
        self.there = self.listed()
        if not self.there:
            raise RemoteError(f"{self.url} holds no objects; is the URL right?")

    def listed(self) -> dict[str, Found]:
        """The objects at the URL that a build is about, with its books, by path. Raises RemoteError."""
        try:
            found = list(filter(self._counts, self.server.listing(lambda name: not plan.is_left_out(name))))
        except Exception as error:
            raise self.broken("cannot be listed", error) from error
        return {one.path: one for one in found}

    def _counts(self, one: Found) -> bool:
        name = one.path.rpartition("/")[2]
        return one.path in BOOKS or (os.path.splitext(name)[1].lower() in plan.SUFFIXES and _is_a_name(one.path))

    def _book_there(self, name: str) -> bytes:
        if name not in self.there:
            return b""
        try:
            content = self.server.read(name, MOST_BOOK)
        except Exception as error:
            raise self.broken(f"cannot be read: {name}", error) from error
        if content is None:
            raise RemoteError(f"{self.url}/{name} changed while it was read; build again")
        return content

    def _drop(self) -> None:
        """Remove from the mirror what is not there any more, and what an earlier build wrote and never published."""
        ours = {*manifest.owned(self._local_entries()), *(line.path for line in self._journal.lines())}
        for path in {*ours, *self.rows} - set(BOOKS):
            file = self.root / path
            if path not in self.there and _is_a_name(path) and self._at_home(file):
                with suppress(FileNotFoundError, NotADirectoryError):
                    file.unlink()
        self.rows = {path: row for path, row in self.rows.items() if path in self.there}

    def _local_entries(self) -> manifest.Entries:
        try:
            return manifest.read(manifest.load(self.root), self.root / manifest.NAME)
        except SemoptError:
            return {}

    def _bring(self) -> None:
        """Fetch what is new or was changed, here or there, some objects at a time."""
        wanted = [one for path, one in sorted(self.there.items()) if path not in BOOKS and self._wanted(one)]
        stale = [one for one in wanted if not self._holds(one)]
        self.together(self._one, stale, "cannot be fetched")

    def _holds(self, one: Found) -> bool:
        row = self.rows.get(one.path)
        return row is not None and row.tells(one.token, self.root / one.path)

    def _wanted(self, one: Found) -> bool:
        if one.path in self.owned:
            return True
        if self._excluded(one.path):
            return False
        if reason := self.config.limits.too_heavy(one.size):
            log.warning("%s is not fetched: %s", one.path, reason)
        return not reason

    def _one(self, one: Found) -> None:
        file = self.root / one.path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if not self._at_home(file):
                raise NotADirectoryError
            beside = temporary(file.parent)
            beside.touch(exist_ok=False)
        except OSError as error:
            log.warning("%s is not fetched: no file can be called that (%s)", one.path, error.strerror or "a link")
            return
        try:
            self.server.download(one.path, beside)
            sha256, size = _digest(beside)
            if size != one.size:
                raise RemoteError(f"{one.path} changed while it was fetched; build again")
            os.replace(beside, file)
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()
        stands = record.standing(file)
        if stands is not None:
            self.rows[one.path] = Row(one.token, sha256, stands)

    def _open_books(self) -> None:
        """The manifest and the journal of the URL become those of the mirror; last, as they tell what is ours."""
        self._journal.replace(self.lines)
        file = self.root / manifest.NAME
        if not self.before:
            with suppress(FileNotFoundError):
                file.unlink()
        elif record.standing(file) is None or regular.read(file) != self.before:
            replace_whole(file, self.before)

    @property
    def _journal(self) -> Journal:
        return Journal(self.root / STATE / "journal")

    def _at_home(self, file: Path) -> bool:
        return is_inside(os.path.realpath(file.parent), os.path.realpath(self.root))

    def together(self, does: Callable[[Item], None], items: Iterable[Item], fault: str) -> None:
        """Do something to objects, some at a time. Raises RemoteError at the first that fails."""
        with ThreadPoolExecutor(AT_ONCE, "semopt-mirror") as pool:
            under_way = [pool.submit(does, item) for item in items]
            try:
                for one in under_way:
                    one.result()
            except BaseException as error:
                pool.shutdown(wait=False, cancel_futures=True)
                if isinstance(error, Exception):
                    raise self.broken(fault, error) from error
                raise

    def broken(self, fault: str, error: Exception) -> Exception:
        """What to raise for an error."""
        if isinstance(error, SemoptError):
            return error
        return RemoteError(f"{self.url} {fault} ({why(error)}); build again")


def _is_a_name(path: str) -> bool:
    """Whether an object's key can be the path of a file below a folder, on every system."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") or "\\" in part or ":" in part or "\0" in part for part in parts)


def _digest(file: Path) -> tuple[str, int]:
    """sha256 and bytes of a file, read piece by piece."""
    with regular.opened(file) as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type,unused-ignore]
        return found, stream.tell()
