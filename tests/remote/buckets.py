"""A server that speaks S3, on a port of this machine, and file systems that fail when they are told to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    """Objects in memory. The calls from `fails_at` on raise `error`; with `once` that one alone."""

    protocol = "faulty"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    cachable = False
    calls = 0
    fails_at: int | None = None
    once = False
    error: BaseException = OSError(f"the line went dead; key={SECRET}")
    written: ClassVar[list[str]] = []

    @classmethod
    def reset(cls, fails_at: int | None = None, once: bool = False, error: BaseException | None = None) -> None:
        """Count from 0 again. Objects stay."""
        cls.calls, cls.fails_at, cls.once, cls.written = 0, fails_at, once, []
        cls.error = error or OSError(f"the line went dead; key={SECRET}")

    @classmethod
    def _called(cls) -> None:
        cls.calls += 1
        if cls.fails_at is not None and (cls.calls == cls.fails_at or (cls.calls > cls.fails_at and not cls.once)):
            raise cls.error

    def cat_file(self, path: str, start: Any = None, end: Any = None, **named: Any) -> Any:
        self._called()
        return super().cat_file(path, start, end, **named)

    def pipe_file(self, path: str, value: Any, mode: str = "overwrite", **named: Any) -> Any:
        self._called()
        self.written.append(path)
        return super().pipe_file(path, value, mode, **named)

    def ls(self, path: str, detail: bool = True, **named: Any) -> Any:
        self._called()
        return super().ls(path, detail, **named)

    def rm_file(self, path: str) -> Any:
        self._called()
        return super().rm_file(path)

    def _rm(self, path: str) -> Any:
        self._called()
        return super()._rm(path)


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
