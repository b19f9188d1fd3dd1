"""A cache that machines share by a URL, behind the local one: what one of them has searched the others take over.

What comes from there was written by others, so that it is verified as what lies in the local folder is, and is never
read further than what it may be: an answer in megabytes, a content in the bytes of its original. A URL that cannot be
reached, is slow, may not be written or lies costs time, and no build.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from semopt.atomic import digest
from semopt.cache import Cache, place_of_answer, place_of_content, sealed, unsealed
from semopt.remote.server import READ_ONLY, Server, why
from semopt.stock import folder_of
from semopt.types import Config, Outcome

log = logging.getLogger("semopt")

MOST_ANSWER = 4_000_000
"""Bytes of an answer: one with 200 trials, ten times as many as usual, has 60 kB."""

AT_ONCE = 8  # entries under way in one direction; see docs/remote.md for what that gives
AHEAD = 32  # entries fetched before their turn, or not yet uploaded
QUIET_S = 300.0
"""Where several builds run in one process, as under watch, a URL that failed is left alone this long."""

Item = TypeVar("Item")


def cache_of(config: Config, keeps: bool = True) -> Cache | Shared:
    """The cache of a tree. keeps: what comes from a URL is written into the local folder. Raises SemoptError."""
    local = Cache(folder_of(config))
    return Shared(local, server_at(config.shared), keeps) if config.shared else local


@dataclass
class Standing:
    """How a URL behaves, for all builds of a process. since: by `time.monotonic`."""

    server: Server
    reason: str = ""
    since: float = 0.0


_standings: dict[str, Standing] = {}


def server_at(url: str) -> Standing:
    """What is known of a URL in this process."""
    return _standings.setdefault(url, Standing(Server(url)))


class Shared:
    """The interface of `Cache`, for one build: a local cache in front, objects behind a URL in the same order."""

    def __init__(self, local: Cache, standing: Standing, keeps: bool) -> None:
        self._local, self._standing, self._server, self._keeps = local, standing, standing.server, keeps
        self._missing: set[str] = set()  # what was asked for in vain
        self._told = threading.Lock()
        self._off = self._read_only = self._served = self._denied = False
        self._pool: ThreadPoolExecutor | None = None
        self._uploads: deque[Future[None]] = deque()

    def get(self, key: str) -> Outcome | None:
        """As `Cache.get`, after which the URL is asked."""
        found = self._local.get(key)
        if found is not None:
            return found
        content = self._read(place_of_answer(key), MOST_ANSWER)
        found = None if content is None else unsealed(key, content)
        if content is not None and found is not None and self._keeps:
            with suppress(OSError):  # costs the next build a request
                self._local.keep(place_of_answer(key), content)
        return found

    def content(self, sha256: str, most: int) -> bytes | None:
        """As `Cache.content`, after which the URL is asked."""
        content = self._local.content(sha256, most)
        if content is not None or not re.fullmatch("[0-9a-f]{64}", sha256):
            return content
        content = self._read(place_of_content(sha256), most)
        if content is None or digest(content) != sha256:
            return None
        if self._keeps:
            with suppress(OSError):
                self._local.keep(place_of_content(sha256), content)
        return content

    def ahead(self, items: Iterable[Item], wanted: Callable[[Item], tuple[str, int]]) -> Iterator[Item]:
        """The items in their order, each when what the URL has for it is here; several are fetched at a time.

        wanted: gives the key of an item, and the bytes of its original.
        """
        asked: set[str] = set()
        waiting: deque[tuple[Item, Future[None] | None]] = deque()
        pool = ThreadPoolExecutor(AT_ONCE, "semopt-fetch")
        try:
            for item in items:
                key, most = wanted(item)
                fetching = None
                if key not in asked and not self._local.holds(key) and not self._is_off():
                    fetching = pool.submit(self._fetch, key, most)
                asked.add(key)
                waiting.append((item, fetching))
                if len(waiting) >= AHEAD:
                    yield _awaited(*waiting.popleft())
            while waiting:
                yield _awaited(*waiting.popleft())
        except BaseException:
            self._off = True  # the build ends here, and waits for no more than what is under way
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def put(self, key: str, answer: Outcome, contents: list[bytes]) -> None:
        """As `Cache.put`, and then for the others, while the build goes on. Raises OSError for the local folder."""
        try:
            self._local.put(key, answer, contents)
        finally:
            if not self._is_off() and not self._read_only:
                if len(self._uploads) >= AHEAD:
                    self._uploads.popleft().result()
                self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, "semopt-upload")
                self._uploads.append(self._pool.submit(self._upload, key, answer, contents))

    def close(self, complete: bool = True) -> None:
        """Wait for what is under way. complete: else the rest is dropped."""
        self._off = self._off or not complete
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=not complete)
            self._pool = None
        self._uploads.clear()
        if self._denied and not self._served:
            self._denied = False
            self._tell("access is denied", "this build went on without it")

    def _fetch(self, key: str, most: int) -> None:
        answer = self.get(key)
        for variant in answer.variants if answer is not None else ():
            if variant.bytes > most or self.content(variant.sha256, min(variant.bytes, most)) is None:
                return

    def _read(self, path: str, most: int) -> bytes | None:
        if path in self._missing or self._is_off():
            return None
        try:
            content = self._server.read(path, most)
        except PermissionError:  # what S3 says of an object that is not there to those who may not list
            self._denied, content = True, None
        except Exception as error:  # each of fsspec's file systems raises errors of its own
            self._give_up(error)
            return None
        if content is None:
            self._missing.add(path)
        self._served = self._served or content is not None
        return content

    def _upload(self, key: str, answer: Outcome, contents: Sequence[bytes]) -> None:
        """Contents first, so that no answer names what is not there."""
        objects = [(place_of_content(digest(content)), content) for content in contents]
        for path, content in [*objects, (place_of_answer(key), sealed(key, answer))]:
            if self._is_off() or self._read_only:
                return
            try:
                self._server.write(path, content)
                self._served = True
            except READ_ONLY as error:
                self._only_reads(error)
            except Exception as error:
                self._give_up(error)

    def _only_reads(self, error: Exception) -> None:
        if self._denied and not self._served:
            self._give_up(error)
            return
        with self._told:
            first, self._read_only = not self._read_only, True
        if first:
            log.warning("the shared cache cannot be written (%s); this build only reads it", why(error))

    def _is_off(self) -> bool:
        """Whether the URL is no longer asked in this build."""
        quiet = self._standing.reason and time.monotonic() < self._standing.since + QUIET_S
        if quiet and not self._off:
            self._tell(self._standing.reason, "this build goes on without it")
        return self._off

    def _give_up(self, error: Exception) -> None:
        self._standing.reason, self._standing.since = why(error), time.monotonic()
        self._tell(self._standing.reason, "this build goes on without it")

    def _tell(self, reason: str, end: str) -> None:
        """Leave the URL alone from now on, and say so once."""
        with self._told:
            first, self._off = not self._off, True
        if first:
            log.warning("the shared cache cannot be reached (%s); %s", reason, end)


def _awaited(item: Item, fetching: Future[None] | None) -> Item:
    if fetching is not None:
        fetching.result()
    return item
