"""`executor: ray` on a real cluster of node processes on this machine, some of which die."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import REPOSITORY, Tree, drawing, encoded, photo
from raycluster import Machines

pytest.importorskip("ray", reason="Ray is not installed: pip install 'semopt[ray]'")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes of a cluster are looked up in /proc")

IMAGES = 6
SAID = "broken.jpg: failed: truncated: the data ends after 900 bytes; the original is untouched\n"


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    folder = tempfile.mkdtemp(prefix="sr", dir="/tmp")  # short, as sockets of Ray have paths of at most 107 bytes
    made = Machines(Path(folder))
    for _ in range(2):
        made.tell("add", {})
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def planted(tree: Tree, address: str, more: str = "") -> Tree:
    """Photographs, a drawing, a broken file, one file twice."""
    for number in range(IMAGES):
        tree.put(f"photos/{number}.jpg", encoded(photo(180, 140, number)))
    tree.put("again.jpg", encoded(photo(180, 140, 3)))
    tree.put("broken.jpg", encoded(photo())[:900])
    tree.put("drawing.png", encoded(drawing(), "PNG"))
    rules = "rules: [{match: 'photos/*', strategy: semantic, formats: [webp, jpeg]}]"
    tree.put("semopt.yaml", f"version: 1\n{rules}\n{more}\nexecutor: {{kind: ray, address: '{address}'}}\n")
    return tree


HOME: list[bytes] = []


def at_home(tree: Tree) -> bytes:
    """The manifest of the planted tree built without a cluster: once, as it is the same for every test."""
    if not HOME:
        HOME.append(_built_here(tree))
    return HOME[0]


def _built_here(tree: Tree) -> bytes:
    other = tree.root.with_name("undisturbed")
    shutil.copytree(tree.root, other, ignore=shutil.ignore_patterns("*.semopt.*", ".semopt", "semopt-manifest.json"))
    config = other / "semopt.yaml"
    config.write_text("".join(line for line in config.read_text().splitlines(True) if "executor" not in line))
    Tree(other).build()
    return (other / "semopt-manifest.json").read_bytes()


def started(tree: Tree, *arguments: str) -> subprocess.Popen[str]:
    """A build under way: one line of it has come."""
    command = [sys.executable, "-m", "semopt", "build", "--json", *arguments]
    build = subprocess.Popen(
        command,
        cwd=tree.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it may be ignored where the tests run
    )
    while not list((tree.root / "photos").glob("*.semopt.*")):
        assert build.poll() is None, build.communicate()
        time.sleep(0.02)
    return build


def relays(parent: int) -> list[int]:
    """The processes that speak to the cluster for a build."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if int(told) == parent and b"semopt.cluster.relay" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:  # other tests' processes end at any time
            continue
    return found


def workers() -> list[str]:
    """What runs of semopt on the cluster's nodes, and of this machine's part in it."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (file.parent / "environ").read_bytes()
        except OSError:
            continue
        inside = b"RAY_USAGE_STATS_ENABLED=0" in environment
        if inside and (command.startswith("ray::_Actor") or "-m semopt." in command):
            found.append(command.strip())
    return found


def test_a_build_on_two_nodes_is_that_of_one_machine(machines: Machines, tree: Tree) -> None:
    planted(tree, machines.address)
    ran = tree.semopt("build", "--json")
    assert ran.stderr == SAID
    assert ran.returncode == 1  # of the broken file
    assert (tree.root / "semopt-manifest.json").read_bytes() == at_home(tree)
    assert {one["status"] for one in tree.build()} == {"cached", "failed"}


def test_a_node_that_is_killed_in_mid_run_costs_no_image(machines: Machines, tree: Tree) -> None:
    machines.tell("add", {})
    planted(tree, machines.address)
    build = started(tree)
    machines.tell("kill", 0)
    out, error = build.communicate(timeout=120)
    outcomes = [line for line in map(json.loads, out.splitlines()) if line["type"] == "outcome"]
    assert len(outcomes) == IMAGES + 3
    assert [one["path"] for one in outcomes if one["status"] == "failed"] == ["broken.jpg"]
    assert error == SAID
    assert (tree.root / "semopt-manifest.json").read_bytes() == at_home(tree)


def test_a_node_with_other_libraries_is_not_used(machines: Machines, tree: Tree, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "sitecustomize.py").write_text("import semopt.keys\nsemopt.keys.ALGORITHM = 999\n")
    machines.tell("add", {"PYTHONPATH": f"{odd}:{REPOSITORY}"})
    ran = planted(tree, machines.address).semopt("build", "--json")
    assert ran.stderr.count("is not used: its algorithm") == 1
    assert "999" in ran.stderr
    assert (tree.root / "semopt-manifest.json").read_bytes() == at_home(tree)
    machines.tell("kill", 3)


JUDGE = """
import os
from semopt.types import Score

class Judge:
    name, labels = "touchy", False
    def observe(self, images):
        if any(image.width == 199 or image.height == 199 for image in images):
            os._exit(7)
        return [None for image in images]
    def compare(self, reference, observed):
        return Score(1.0)
"""


def test_an_image_that_kills_every_worker_fails_alone(machines: Machines, tree: Tree) -> None:
    tree.put("touchy.py", JUDGE)
    for number in range(4):
        tree.put(f"{number}.jpg", encoded(photo(120 + 79 * (number == 1), 100, number)))
    judge = f"{{kind: python, object: 'touchy:Judge', folder: '{tree.root}'}}"
    rule = "{match: '**', strategy: semantic, formats: [webp], evaluator: touchy}"
    tree.put(
        "semopt.yaml",
        f"version: 1\nevaluators: {{touchy: {judge}}}\nrules: [{rule}]\n"
        f"executor: {{kind: ray, address: '{machines.address}'}}\n",
    )
    outcomes = tree.build()
    assert {one["path"]: one["status"] for one in outcomes if one["path"] != "1.jpg"} == {
        f"{number}.jpg": "optimized" for number in (0, 2, 3)
    }
    (dead,) = [one for one in outcomes if one["path"] == "1.jpg"]
    assert dead["status"] == "failed"
    assert dead["reason"] == "the worker died (its node or process ended), 3 times"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_signal_leaves_no_process_and_no_half_file(
    machines: Machines, tree: Tree, number: signal.Signals, code: int
) -> None:
    planted(tree, machines.address)
    build = started(tree)
    build.send_signal(number)
    _, error = build.communicate(timeout=60)
    assert build.returncode == code
    assert "Traceback" not in error
    until = time.monotonic() + 30
    while workers() and time.monotonic() < until:
        time.sleep(0.1)
    assert workers() == []
    tree.build()
    assert (tree.root / "semopt-manifest.json").read_bytes() == at_home(tree)


def test_a_cluster_that_is_lost_ends_the_build_and_what_was_finished_is_kept(machines: Machines, tree: Tree) -> None:
    planted(tree, machines.address)
    build = started(tree)
    (ours,) = relays(build.pid)
    os.kill(ours, signal.SIGKILL)
    _, error = build.communicate(timeout=60)
    assert (build.returncode, "the Ray cluster was lost" in error, "Traceback" in error) == (1, True, False)
    assert any(one["status"] == "optimized" for one in tree.manifest.values())
    tree.build()
    assert (tree.root / "semopt-manifest.json").read_bytes() == at_home(tree)


def test_when_the_time_is_up_the_rest_is_left_to_the_next_build(machines: Machines, tree: Tree) -> None:
    planted(tree, machines.address)
    reasons = {one["reason"] for one in tree.build("--time-limit", "0.5", "--jobs", "1")}
    assert any("the time was up before its turn" in reason for reason in reasons)
    tree.build()
    assert (tree.root / "semopt-manifest.json").read_bytes() == at_home(tree)


def test_no_cluster_is_one_sentence(tree: Tree) -> None:
    ran = planted(tree, "127.0.0.1:9").semopt("build")
    assert ran.returncode == 1
    assert ran.stderr.startswith("executor: no Ray cluster can be reached (")
    assert ran.stderr.count("\n") == 1
