"""Runs that die or fail at any call to the file system: nothing is lost, nothing is half there, the next run repairs.

Here at some of the calls; `make soak` takes every one.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Tree
from semopt import config, pipeline, regular
from semopt.types import SemoptError
from semopt.write import Writer
from tests.soak import scenarios, sweep
from tests.soak.disk import Disk, Harm
from tests.soak.report import Report
from tests.soak.scenarios import Scenario

STRIDE = 10
NAMES = ("first build", "build after changes", "build under another template", "clean")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Scenario]]:
    with scenarios.recorded({}):
        made = scenarios.scenarios(tmp_path_factory.mktemp("scenarios") / "starts")
        yield {scenario.name: scenario for scenario in made}


@pytest.mark.parametrize("harm", sweep.HARMS, ids=lambda harm: errno.errorcode.get(harm, harm))
@pytest.mark.parametrize("name", NAMES)
def test_no_disturbed_run_loses_anything(known: dict[str, Scenario], name: str, harm: Harm, tmp_path: Path) -> None:
    report = Report()
    first = 1 + sweep.HARMS.index(harm)
    struck = list(sweep.sweep(known[name], harm, tmp_path / "tree", report, STRIDE, first))
    assert report.faults == []
    assert len(struck) > 5


def test_the_layer_sees_the_calls_of_a_run(known: dict[str, Scenario], tmp_path: Path) -> None:
    """That a sweep finds no fault must not come from a layer that is blind."""
    settings = known["build after changes"].place(tmp_path / "tree")
    with Disk(tmp_path / "tree", 0, errno.EIO) as disk:
        scenarios.build(settings)
    assert disk.kinds.keys() >= {"write", "create", "replace", "unlink", "mkdir", "fsync", "chmod", "utime"}
    assert disk.kinds.keys() >= {"read", "open", "stat", "lstat", "scandir", "close"}


def test_a_manifest_or_journal_that_cannot_be_read_stops_the_run(
    known: dict[str, Scenario], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what semopt wrote would be forgotten."""
    settings = known["build after changes"].place(tmp_path / "tree")
    whole = regular.read

    def denied(file: Path, most: int = -1) -> bytes:
        if file.name == "semopt-manifest.json":
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        return whole(file, most)

    monkeypatch.setattr(regular, "read", denied)
    with pytest.raises(SemoptError, match="cannot be read: Permission denied"):
        list(pipeline.run(settings, pipeline.Scope()))
    monkeypatch.undo()
    scenarios.build(config.load(tmp_path / "tree/semopt.yaml"))
    assert list(known["build after changes"].promise.unrepaired(tmp_path / "tree")) == []


def test_a_full_disk_stops_the_build(
    known: dict[str, Scenario], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = known["first build"].place(tmp_path / "tree")
    tried = []

    def full(self: Writer, path: str, content: bytes, like: Path) -> None:
        tried.append(path)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Writer, "place", full)
    with pytest.raises(OSError, match=r"No space left on device; the build stops here"):
        list(pipeline.run(settings, pipeline.Scope()))
    assert len(tried) == 1


def test_the_command_says_so(tree: Tree) -> None:
    scenarios.draw(tree.root)
    (tree.root / "semopt-manifest.json").mkdir()
    ran = tree.semopt("build")
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)
    assert "semopt-manifest.json cannot be read: Is a directory" in ran.stderr
