"""Whether the system tells of changes: asked at the start by a file of semopt's own, and doubted when a look finds what
nobody told of. Where it does not, the watcher looks by itself, and says so in one sentence."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from semopt.watch.events import Notice
from semopt.watch.hints import Hints

POLL_S = 1.0  # between looks where there are no hints at all
MANY = 100  # images, from which on nobody listens while they are built
PROBE_S = 5.0  # a probe that nothing was heard of for so long is tried once more; that one then decides


class Listening:
    """Hints while they come, else polling. polling: looks alone, asked for by the user or forced by the system.

    missed: nobody listens now, as many images are built.
    """

    def __init__(self, hints: Hints, poll: bool) -> None:
        self._hints, self.polling = hints, poll
        self._tree, self._state, self._files = Path(), Path(), list[Path]()
        self._watched: tuple[int, int] | None = None  # device and inode of the folder that is listened to
        self._probes, self._probed_at = 0, 0.0
        self._heard = self._unheard = 0
        self.missed = False

    def start(self, tree: Path, state: Path, files: Collection[Path]) -> Iterator[Notice]:
        """Ask the system for hints. state: semopt's own folder. files: of interest beside the tree's images."""
        self._tree, self._state, self._files = tree, state, list(files)
        yield from self._start()

    def _start(self) -> Iterator[Notice]:
        if self.polling:
            return
        try:
            status = os.stat(self._tree)
            self._watched = (status.st_dev, status.st_ino)
            self._hints.start(self._tree, self._files)
        except OSError as error:
            if os.path.isdir(self._tree):
                yield self._poll(f"cannot be watched ({error.strerror or error})")
            return
        yield from self.new_folders()
        self._probe(1)

    def pause(self, images: int) -> None:
        """Listen no more while so many images are built, where they are many. After that a look is due.

        What semopt writes itself makes twenty events an image, which Python reads while it should build: with them
        2,000 images took 14 s, without 9.
        """
        self.missed = not self.polling and images >= MANY
        if self.missed:
            self._hints.stop()
            self._heard = -1  # of what changes meanwhile nobody could tell

    def resume(self) -> Iterator[Notice]:
        """Listen again, where it was paused."""
        if self.missed:
            self.missed = False
            yield from self._start()

    def new_folders(self) -> Iterator[Notice]:
        """Watchdog says nothing where the system allows no watch on one more folder; so this asks for one more."""
        if self.polling:
            return
        try:
            self._hints.ask_for_one_more(self._tree)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                yield self._poll(f"not all of it can be watched ({error.strerror or error})")

    def stale(self) -> bool:
        """Whether the tree is another one than that which is listened to, or a listener has died."""
        if self.polling:
            return False
        try:
            status = os.stat(self._tree)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) != self._watched or not self._hints.alive

    @property
    def asking(self) -> bool:
        """Whether a probe is out."""
        return self._probes > 0 and not self.polling

    def check(self, now: float) -> Iterator[Notice]:
        """Look after the probe. now: of `time.monotonic`."""
        if not self.asking:
            return
        if self._hints.answered:
            self._probes = 0
        elif now - self._probed_at >= PROBE_S:
            # Not at once: this process may have been stopped, and what it missed is still in the queue.
            if self._probes < 2:
                self._probe(2)
            else:
                yield self._poll("the system tells of no change here")

    def _probe(self, number: int) -> None:
        own = self._state.is_dir() and not self._state.is_symlink() and self._tree in self._state.parents
        asked = self._hints.probe(self._state if own else self._tree)
        self._probes, self._probed_at = number if asked else 0, time.monotonic()

    def found(self) -> Iterator[Notice]:
        """A look found a change. One that nobody told of: listen anew; and again such a one: rely on looks."""
        if self.polling:
            return
        before, self._heard = self._heard, self._hints.heard
        if before != self._heard:
            self._unheard = 0
            return
        self._unheard += 1
        if self._unheard > 1:
            yield self._poll("changes come without a word from the system, as on network drives")
        else:
            yield from self._start()

    def _poll(self, why: str) -> Notice:
        self.polling = True
        self._hints.stop()
        return Notice(f"{self._tree}: {why}; looking every {POLL_S:g} s instead")
