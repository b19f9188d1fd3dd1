"""What answers at a URL: objects read and written whole through fsspec, each call within a time limit.

No message has the text of an error of the network: libraries put into it what they like, and it may be a credential.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from semopt.remote.urls import LOCAL, OBJECTS, kind
from semopt.types import SemoptError

LIMIT_S = 10.0
"""For one object, to connect and be read or written whole; variants have tens of kilobytes."""

LARGE_S = 600.0
"""For the listing of a folder, which takes a request for each thousand objects, and for an original of 100 MB."""

READ_ONLY = (PermissionError, NotImplementedError)
T = TypeVar("T")


class RemoteError(SemoptError):
    """A URL cannot be used; the text says why, without the URL."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a listing. token: what changes whenever it is replaced, empty where nothing tells."""

    path: str
    size: int
    token: str


_TELLING = ("ETag", "etag", "generation", "md5Hash", "crc32c", "content_md5", "version_id")
_DATED = ("mtime", "ino", "LastModified", "last_modified", "updated", "created")


class Server:
    """Objects below a URL, by their paths relative to it. One for many threads. seconds: for each call."""

    def __init__(self, url: str, seconds: float = LIMIT_S) -> None:
        self.url, self._seconds = url.rstrip("/"), seconds
        self._opening = threading.Lock()
        self._open: tuple[Any, str] | None = None
        self._failed: Exception | None = None
        self._until = 0.0  # how long the failure is the answer to all threads, so that they do not wait in turns

    def read(self, path: str, most: int) -> bytes | None:
        """An object's bytes; None where there is none, or it has more than so many. Raises what fsspec raises.

        One byte more is asked for than is wanted, so that a larger one is not read whole.
        """
        try:
            content = bytes(self._within(self._fs.cat_file, self._at(path), start=0, end=most + 1))
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.EINVAL and most >= 0:  # what S3 says of the first bytes of an empty object
                return None
            raise
        return content if len(content) <= most else None

    def write(self, path: str, content: bytes) -> None:
        """Put an object, folders on the way included. Raises what fsspec raises."""
        place = self._at(path)
        try:
            self._within(self._fs.pipe_file, place, content)
        except FileNotFoundError:
            if kind(self.url) in OBJECTS:
                raise
            self._within(self._fs.makedirs, place.rpartition("/")[0], exist_ok=True)
            self._within(self._fs.pipe_file, place, content)

    def download(self, path: str, file: Path) -> None:
        """Bring an object into a file, piece by piece. Raises what fsspec raises."""
        within(LARGE_S, self._fs.get_file, self._at(path), str(file))

    def remove(self, path: str) -> None:
        """Remove an object; one that is gone is no fault. Raises what fsspec raises."""
        try:
            self._within(self._fs.rm_file, self._at(path))
        except FileNotFoundError:
            return

    def listing(self, enters: Callable[[str], bool]) -> Iterator[Found]:
        """Every object, a folder at a time: what is in memory is the listing of one. enters: a folder's name.

        Raises what fsspec raises: a listing that is not whole would make what is there look gone.
        """
        file_system, top = self._opened
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            for one in within(LARGE_S, file_system.ls, folder, detail=True):
                place, name = str(one["name"]).rstrip("/"), str(one["name"]).rstrip("/").rpartition("/")[2]
                if place != f"{folder}/{name}" or not name:  # the folder itself, which some stores list too
                    continue
                if one["type"] == "directory":
                    waiting += [place] if enters(name) else []
                else:
                    yield Found(place.removeprefix(f"{top}/"), int(one["size"] or 0), _token(one))

    def _at(self, path: str) -> str:
        return f"{self._opened[1]}/{path}"

    @property
    def _fs(self) -> Any:
        return self._opened[0]

    @property
    def _opened(self) -> tuple[Any, str]:
        with self._opening:
            if self._open is None:
                if self._failed is not None and time.monotonic() < self._until:
                    raise self._failed
                try:
                    self._open = self._made()
                except Exception as error:
                    self._failed, self._until = error, time.monotonic() + self._seconds
                    raise
            return self._open

    def _made(self) -> tuple[Any, str]:
        """The file system, and the place in it. Raises RemoteError."""
        try:
            from fsspec.core import get_filesystem_class, url_to_fs

            get_filesystem_class(kind(self.url))  # imports, which take as long as they take
            file_system, place = self._within(url_to_fs, self.url, use_listings_cache=False)
        except ImportError as error:
            raise RemoteError(_uninstalled(self.url)) from error
        except ValueError as error:
            raise RemoteError(f"fsspec knows no URLs of {kind(self.url)}://") from error
        return file_system, str(place).rstrip("/")

    def _within(self, call: Callable[..., T], *arguments: Any, **named: Any) -> T:
        return within(self._seconds, call, *arguments, **named)


def _token(one: dict[str, Any]) -> str:
    known = {key: str(one[key]) for key in (*_TELLING, *_DATED) if one.get(key) is not None}
    return " ".join([str(one["size"]), *(f"{key}={value}" for key, value in known.items())]) if known else ""


def within(seconds: float, call: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """What a call gives or raises; TimeoutError where it takes longer.

    Then it is left to itself, on a thread that keeps no process alive: not every library of fsspec's has a limit.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(call(*arguments, **named))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, name="semopt-remote", daemon=True).start()
    return answer.result(seconds)


def why(error: BaseException) -> str:
    """Why a call failed, in words that hold no part of the library's own."""
    if isinstance(error, RemoteError):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"no answer within {LIMIT_S:g} s"
    if isinstance(error, PermissionError):
        return "access is denied"
    if isinstance(error, FileNotFoundError):
        return "it does not exist"
    if isinstance(error, NotImplementedError):
        return "this kind of URL cannot be written"
    return type(error).__name__


def _uninstalled(url: str) -> str:
    """The package that a kind of URL needs; fsspec names those that the extra does not bring."""
    if kind(url) in ("s3", "s3a", "memory", *LOCAL):
        return "a package for it is not installed: pip install 'semopt[remote]'"
    try:
        from fsspec.registry import known_implementations
    except ImportError:
        return "a package for it is not installed: pip install 'semopt[remote]'"
    known = known_implementations.get(kind(url), {})
    return f"a package for it is not installed: {known.get('err') or known.get('class', kind(url))}"
