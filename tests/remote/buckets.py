"""A server that speaks S3, on a port of this machine, and file systems that fail when they are told to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

SECRET = "s3cr3t-never-to-be-seen"


@dataclass
class Bucket:
    """An empty bucket. environment: where it is, for commands. asked: requests by method."""

    environment: dict[str, str]
    asked: Counter[str] = field(default_factory=Counter)
    url: str = "s3://images"

    @property
    def files(self) -> Any:
        """The bucket as a file system, for a test to look into."""
        return fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)

    def objects(self) -> dict[str, bytes]:
        """Every object by its key."""
        files = self.files
        return {path.partition("/")[2]: files.cat_file(path) for path in sorted(files.find("images"))}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[tuple[str, Counter[str]]]:
    """The server's URL, and its requests by method."""
    from moto.moto_server import werkzeug_app
    from moto.server import ThreadedMotoServer

    asked: Counter[str] = Counter()
    answer = werkzeug_app.DomainDispatcherApplication.__call__

    def counted(self: Any, environ: Any, start_response: Any) -> Any:
        asked[environ["REQUEST_METHOD"]] += 1
        return answer(self, environ, start_response)

    patch = pytest.MonkeyPatch()
    patch.setattr(werkzeug_app.DomainDispatcherApplication, "__call__", counted)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}", asked
    server.stop()
    patch.undo()


@pytest.fixture
def bucket(s3_server: tuple[str, Counter[str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket of the test's own, to which its commands are led."""
    url, asked = s3_server
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "semopt",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = Bucket(environment, asked)
    files = made.files
    files.mkdir("images")
    asked.clear()
    yield made
    files = made.files
    if found := files.find("images"):
        files.rm(found)
    files.rmdir("images")


class Faulty(MemoryFileSystem):
    """Objects in memory. The calls from `fails_at` on raise `error`; with `once` that one alone; with `late` when done.

    What is called elsewhere by several threads at a time is called here by one.
    """

    protocol = "faulty"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    written: ClassVar[list[str]] = []
    lock = threading.RLock()
    cachable = False
    calls = 0
    fails_at: int | None = None
    once = late = False
    error: BaseException = OSError("never to be seen")

    @classmethod
    def reset(
        cls, fails_at: int | None = None, once: bool = False, error: BaseException | None = None, late: bool = False
    ) -> None:
        """Count from 0 again. Objects stay."""
        cls.calls, cls.fails_at, cls.once, cls.late = 0, fails_at, once, late
        cls.written.clear()
        cls.error = error or OSError(f"the line went dead; key={SECRET}")

    @classmethod
    def objects(cls) -> dict[str, bytes]:
        """Every object by its path."""
        return {path: file.getvalue() for path, file in sorted(cls.store.items())}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("faulty://", "memory://")))

    def _call(self, does: Callable[[], Any]) -> Any:
        with self.lock:
            kind = type(self)
            kind.calls += 1
            at = self.fails_at
            fails = at is not None and (self.calls == at or (self.calls > at and not self.once))
            if fails and not self.late:
                raise self.error
            done = does()
            if fails:
                raise self.error
            return done

    def cat_file(self, path: str, start: Any = None, end: Any = None, **named: Any) -> Any:
        return self._call(lambda: MemoryFileSystem.cat_file(self, path, start, end, **named))

    def pipe_file(self, path: str, value: Any, mode: str = "overwrite", **named: Any) -> Any:
        self.written.append(path)
        return self._call(lambda: MemoryFileSystem.pipe_file(self, path, value, mode, **named))

    def ls(self, path: str, detail: bool = True, **named: Any) -> Any:
        return self._call(lambda: MemoryFileSystem.ls(self, path, detail, **named))

    def get_file(self, rpath: str, lpath: str, *positional: Any, **named: Any) -> Any:
        content = self._call(lambda: MemoryFileSystem.cat_file(self, rpath))
        Path(lpath).write_bytes(content)

    def rm_file(self, path: str) -> Any:
        return self._call(lambda: MemoryFileSystem.rm_file(self, path))


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Faulty]]:
    """An empty `faulty://`, that works until it is told not to; builds of this process know nothing of it yet."""
    from semopt.remote import shared

    fsspec.register_implementation("faulty", Faulty, clobber=True)
    monkeypatch.setattr(shared, "_standings", {})
    Faulty.store.clear()
    Faulty.pseudo_dirs[:] = [""]
    Faulty.reset()
    yield Faulty
    Faulty.reset()
