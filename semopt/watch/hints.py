"""Hints that something changed, from the system by way of watchdog. Any of them may be lost: they only say where a
look is worth while, never what is so."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, cast

from semopt.atomic import PREFIX, temporary
from semopt.naming import MARK
from semopt.plan import NEVER, is_image

CLOSES = sys.platform.startswith("linux")
"""Whether the system tells that a writer has closed a file."""

_BEGUN, _DONE = ("created", "modified"), ("closed", "moved")


@dataclass(frozen=True, slots=True)
class Hint:
    """Something happened at a path. kind: as watchdog calls it. folder: whether a folder lies there."""

    path: str
    kind: str
    folder: bool = False


class Hints:
    """A queue of hints, and what they tell of files that are being written.

    heard: the number of hints so far. folders: whether new folders came. removed: whether anything went away, variants
    included. answered: whether the last probe was heard of.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Hint] = queue.SimpleQueue()
        self._observer: Any = None
        self.closed: set[str] = set()
        self.writing: set[str] = set()
        self.heard, self.folders, self.removed = 0, False, False
        self.probed, self.answered = PREFIX, True

    def start(self, tree: Path, files: Collection[Path]) -> None:
        """Listen to a tree, and to single files elsewhere; what was listened to before is left. Raises OSError."""
        self.stop()
        self._observer = observer = _observer()
        try:
            watched = os.path.realpath(tree)
            self._schedule(_Handler(self, watched, str(tree), set(map(str, files))), recursive=True)
            for folder in {file.parent for file in files if file.parent.is_dir()} - {tree}:
                real, own = os.path.realpath(folder), {str(file) for file in files if file.parent == folder}
                if real != watched:
                    self._schedule(_Handler(self, real, str(folder), own, images=False), recursive=False)
            observer.start()
        except OSError:
            self.stop()
            raise

    def _schedule(self, handler: _Handler, recursive: bool) -> None:
        self._observer.schedule(cast(Any, handler), handler.real, recursive=recursive, event_filter=_wanted())

    def stop(self) -> None:
        """Listen no more."""
        observer, self._observer = self._observer, None
        if observer is not None:
            _end(observer)

    def probe(self, folder: Path) -> bool:
        """Make a file in a folder that is listened to, and remove it; False where none can be made there."""
        file = temporary(folder)
        self.probed, self.answered = file.name, False
        try:
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            file.unlink()
        except OSError:
            self.answered = True
        return not self.answered

    @staticmethod
    def ask_for_one_more(folder: Path) -> None:
        """Listen to a folder once more, for nothing. Raises OSError where the system's limit is reached."""
        if not sys.platform.startswith("linux"):
            return
        observer = _observer()
        try:
            observer.schedule(cast(Any, _Deaf()), os.path.realpath(folder), event_filter=_wanted())
            observer.start()
        finally:
            _end(observer)

    @property
    def alive(self) -> bool:
        """Whether everything still listens; a removed tree ends its listener without a word."""
        observer = self._observer
        return observer is not None and all(thread.is_alive() for thread in (observer, *observer.emitters))

    def put(self, hint: Hint) -> None:
        """Take a hint, from any thread."""
        self._queue.put(hint)

    def wait(self, seconds: float) -> bool:
        """Wait for a hint, and take all that are there; whether there was one."""
        try:
            hint: Hint | None = self._queue.get(timeout=max(seconds, 0))
        except queue.Empty:
            return False
        while hint is not None:
            self._note(hint)
            try:
                hint = self._queue.get_nowait()
            except queue.Empty:
                hint = None
        return True

    def wait_for_quiet(self, quiet: float, most: float) -> None:
        """Wait until there was no hint for a while, or at most as long as is said. Seconds."""
        until = time.monotonic() + most
        while self.wait(quiet) and time.monotonic() < until:
            pass

    def _note(self, hint: Hint) -> None:
        self.heard += 1
        self.folders = self.folders or (hint.folder and hint.kind in ("created", "moved"))
        if hint.kind in _DONE:
            self.closed.add(hint.path)
            self.writing.discard(hint.path)
        elif hint.kind in _BEGUN:
            self.closed.discard(hint.path)
            if CLOSES:
                self.writing.add(hint.path)
        elif hint.kind == "deleted":
            self.removed = True
            self.closed.discard(hint.path)
            self.writing.discard(hint.path)


def _observer() -> Any:
    from watchdog.observers import Observer

    return Observer()


def _end(observer: Any) -> None:
    with suppress(RuntimeError, OSError):  # one that never started cannot be joined
        observer.stop()
        observer.join(timeout=5)


def _wanted() -> list[Any]:
    """Not that a file was opened or read, of which a build does much, nor that a folder has other contents."""
    from watchdog import events

    names = [f"{what}{how}Event" for what in ("File", "Dir") for how in ("Created", "Moved", "Deleted")]
    names += ["FileModifiedEvent", "FileClosedEvent", "FileAttribEvent"]  # the last since watchdog 7
    return [getattr(events, name) for name in names if hasattr(events, name)]


class _Deaf:
    def dispatch(self, event: Any) -> None:
        """Called by watchdog."""


class _Handler:
    """Turns watchdog's events into hints, and drops what semopt does itself before anybody looks."""

    def __init__(self, hints: Hints, real: str, shown: str, files: Collection[str], images: bool = True) -> None:
        """real: the folder as it is watched. shown: the same as the config names it. files: of interest as such."""
        self._hints, self.real, self._shown, self._files, self._images = hints, real, shown, files, images

    def dispatch(self, event: Any) -> None:
        """Called by watchdog, in a thread of its own."""
        kind, folder = event.event_type, event.is_directory
        if kind in ("opened", "closed_no_write") or (folder and kind in ("modified", "attrib")):
            return
        if kind == "moved":
            self._put(event.src_path, "deleted", folder)
            self._put(event.dest_path, "moved", folder)
        else:
            self._put(event.src_path, kind, folder)

    def _put(self, path: bytes | str, kind: str, folder: bool) -> None:
        path = os.fsdecode(path)
        if not path.startswith(self.real):
            return
        if path.endswith(self._hints.probed):
            self._hints.answered = True
            return
        below = path[len(self.real) :].lstrip(os.sep)
        shown = os.path.join(self._shown, below) if below else self._shown
        if shown in self._files or (self._images and self._concerns(PurePath(below), folder, kind)):
            self._hints.put(Hint(shown, kind, folder))

    @staticmethod
    def _concerns(below: PurePath, folder: bool, kind: str) -> bool:
        if any(part.startswith(".") or part in NEVER for part in below.parts[: None if folder else -1]):
            return False
        return folder or is_image(below.name) or (kind == "deleted" and MARK in below.name)
