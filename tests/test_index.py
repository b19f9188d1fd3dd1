"""The index: a file is told unchanged as git's index tells it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from semopt.atomic import digest, stat_of
from semopt.index import Index

OLD_NS = 10 * 10**9


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "a.jpg"
    made.write_bytes(b"first")
    return made


def look(index: Index, file: Path) -> str:
    return index.sha256("a.jpg", file, stat_of(os.lstat(file)))


def aged(index: Index) -> None:
    """As if everything had been recorded ten seconds later than it was."""
    for path, one in index.seen.items():
        index.seen[path] = type(one)(one.stat, one.sha256, one.at + OLD_NS)


def test_a_recorded_file_is_not_read_again(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index(tmp_path / "index.json")
    assert look(index, file) == digest(b"first")
    aged(index)
    index.write()
    again = Index.read(tmp_path / "index.json")
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("was read"))
    assert look(again, file) == digest(b"first")


def test_a_file_changed_within_two_seconds_of_its_record_is_read(tmp_path: Path, file: Path) -> None:
    index = Index(tmp_path / "index.json")
    look(index, file)
    status = os.lstat(file)
    file.write_bytes(b"other")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert look(index, file) == digest(b"other")


def test_a_changed_file_is_seen_though_size_and_time_are_the_same(tmp_path: Path, file: Path) -> None:
    index = Index(tmp_path / "index.json")
    look(index, file)
    aged(index)
    status = os.lstat(file)
    time.sleep(0.01)
    file.write_bytes(b"other")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert look(index, file) == digest(b"other")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"version": 99}', b'{"version": 1, "seen": 3}', b"\xff"]
)
def test_a_damaged_index_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.json").write_bytes(content)
    assert Index.read(tmp_path / "index.json").seen == {}


def test_an_unchanged_index_is_not_written(tmp_path: Path, file: Path) -> None:
    index = Index(tmp_path / "index.json")
    look(index, file)
    aged(index)
    index.write()
    before = os.lstat(tmp_path / "index.json")
    again = Index.read(tmp_path / "index.json")
    look(again, file)
    again.write()
    assert os.lstat(tmp_path / "index.json") == before
