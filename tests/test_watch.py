"""`semopt watch` through the real command: every kind of change, no reaction to its own outputs, and how it stops."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from watcher import CONFIG, ONE, PATIENCE_S, THREE, TWO, Watcher, same_as_one_build, trapped, watchers

from conftest import Tree, drawing, encoded, photo
from semopt.watch.hints import CLOSES, Hint, Hints, _Handler
from semopt.watch.settling import REPEATED_S, SETTLED_S, WRITING_S, Settling, differing
from semopt.worker import Bench, reply


@pytest.fixture
def watched(tree: Tree) -> Iterator[Callable[..., Watcher]]:
    """Starts a watcher on the tree, which has one image; ends it after the test."""
    with watchers(tree) as start:
        yield start


def test_every_kind_of_change(watched: Callable[..., Watcher], tree: Tree, tmp_path: Path) -> None:
    watcher = watched()
    assert [line["type"] for line in watcher.built()] == ["watching", "outcome", "built"]

    tree.put("made.png", TWO)
    watcher.outcome("made.png", "optimized")
    assert (tree.root / "made.png.semopt.webp").exists()

    tree.put("made.png", THREE)  # in place
    (line,) = [line for line in watcher.outcome("made.png", "optimized") if line["type"] == "outcome"]
    assert line["width"] == 62

    tree.put("made.png.part", TWO).replace(tree.root / "made.png")  # atomically
    assert [line["width"] for line in watcher.outcome("made.png", "cached") if line["type"] == "outcome"] == [61]

    (tree.root / "made.png").rename(tree.root / "moved.png")
    met = watcher.built()
    assert {(line["type"], line["path"]) for line in met[:-1]} == {("outcome", "moved.png"), ("removed", "made.png")}

    (tree.root / "moved.png").unlink()
    watcher.outcome("moved.png", "removed")
    assert not (tree.root / "moved.png.semopt.webp").exists()

    (tree.root / "deep/er").mkdir(parents=True)
    tree.put("deep/er/one.png", TWO)
    watcher.outcome("deep/er/one.png", "cached")

    Tree(tmp_path / "elsewhere").put("more/two.png", THREE)
    (tmp_path / "elsewhere/more").rename(tree.root / "more")
    watcher.outcome("more/two.png", "cached")
    tree.put("more/later.png", encoded(drawing(70, 70), "PNG"))
    watcher.outcome("more/later.png", "optimized")

    (tree.root / "deep").rename(tree.root / "shallow")
    met = watcher.built()
    assert {line["path"] for line in met[:-1]} == {"deep/er/one.png", "shallow/er/one.png"}

    shutil.rmtree(tree.root / "shallow")
    watcher.outcome("shallow/er/one.png", "removed")
    watcher.stop()
    same_as_one_build(tree, tmp_path)


def test_polling(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched("--json", "--poll")
    assert watcher.built()[0]["polling"] is True
    tree.put("made.png", TWO)
    watcher.outcome("made.png", "optimized")
    tree.put("made.png", THREE)
    watcher.outcome("made.png", "optimized")
    (tree.root / "made.png").unlink()
    watcher.outcome("made.png", "removed")


def test_it_does_not_react_to_its_own_outputs(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched()
    watcher.built()
    tree.put("second.png", TWO)
    watcher.outcome("second.png", "optimized")
    assert watcher.quiet(3)
    os.utime(tree.root / "first.png")  # another time is no other content
    assert watcher.quiet(1)


@pytest.mark.parametrize("polling", [False, True])
def test_a_variant_that_is_removed_comes_back(
    watched: Callable[..., Watcher], tree: Tree, tmp_path: Path, polling: bool
) -> None:
    tree.put("second.png", TWO)
    watcher = watched("--json", *(["--poll"] if polling else []))
    watcher.built()
    (tree.root / "first.png.semopt.webp").unlink()
    assert len(watcher.outcome("first.png", "cached")) == 2, "one image and the end of the build"
    (tree.root / "first.png.semopt.webp").unlink()  # at once, so that a glance would see the same tree as before
    watcher.outcome("first.png", "cached")
    assert watcher.quiet(3 if polling else 1)
    (tree.root / "second.png.semopt.webp").rename(tree.root / "mine.webp")
    watcher.outcome("second.png", "cached")
    (tree.root / "first.png.semopt.webp").unlink()
    (tree.root / "first.png").unlink()
    watcher.outcome("first.png", "removed")
    watcher.stop()
    same_as_one_build(tree, tmp_path)


def test_a_burst_ends_in_the_same_tree_as_one_build(
    watched: Callable[..., Watcher], tree: Tree, tmp_path: Path
) -> None:
    watcher = watched()
    watcher.built()
    for number in range(300):
        tree.put(f"many/{number % 7}/{number:03d}.png", (ONE, TWO, THREE)[number % 3])
    watcher.until(lambda line: line["type"] == "built" and sum(line["statuses"].values()) == 301)
    watcher.stop()
    same_as_one_build(tree, tmp_path)


def test_an_invalid_config_leaves_the_last_good_one_in_force(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched()
    watcher.built()
    tree.put("semopt.yaml", CONFIG.replace("lossless", "losless"))
    (line,) = watcher.until(lambda line: line["type"] == "config")
    assert "did you mean 'lossless'?" in line["error"]
    tree.put("second.png", TWO)
    watcher.outcome("second.png", "optimized")
    tree.put("semopt.yaml", CONFIG.replace("lossless, formats: [webp]", "skip"))
    met = watcher.built()
    assert [line["error"] for line in met if line["type"] == "config"] == [""]
    assert met[-1]["statuses"] == {"skipped": 2}
    assert not list(tree.root.glob("*.semopt.*"))
    (tree.root / "semopt.yaml").unlink()
    assert watcher.built()[-1]["statuses"] == {"optimized": 2}


def test_a_judge_that_is_missing_leaves_the_last_good_config_in_force(
    watched: Callable[..., Watcher], tree: Tree
) -> None:
    watcher = watched()
    watcher.built()
    net = "evaluators: {net: {kind: torchvision, model: resnet18, weights: none.pth}}\n"
    tree.put("semopt.yaml", f"version: 1\n{net}rules: [{{match: '**', strategy: semantic, evaluator: net}}]\n")
    watcher.until(lambda line: line["type"] == "config" and "none.pth" in line["error"])
    tree.put("second.png", TWO)
    watcher.outcome("second.png", "optimized")


def test_a_file_that_is_still_being_written_is_waited_for(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched()
    watcher.built()
    whole = encoded(photo(300, 200), "PNG")
    with open(tree.root / "slow.png", "wb", buffering=0) as stream:
        for at in range(0, len(whole), len(whole) // 8):
            stream.write(whole[at : at + len(whole) // 8])
            time.sleep(0.3)
    met = watcher.outcome("slow.png", "optimized")
    assert [line["status"] for line in met if line.get("path") == "slow.png"] == ["optimized"]


def test_a_broken_file_is_named_and_mended(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched()
    watcher.built()
    tree.put("broken.png", ONE[:200])
    watcher.outcome("broken.png", "failed")
    tree.put("broken.png", TWO)
    watcher.outcome("broken.png", "optimized")


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed there")
def test_the_root_may_go_and_come_back(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched()
    watcher.built()
    shutil.rmtree(tree.root)
    watcher.until(lambda line: line["type"] == "notice" and "is gone" in line["text"])
    tree.put("semopt.yaml", CONFIG)
    tree.put("again.png", TWO)
    watcher.outcome("again.png", "optimized")
    tree.put("more.png", THREE)
    watcher.outcome("more.png", "optimized")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing on Windows")
@pytest.mark.parametrize(
    ("number", "code", "busy"), [("SIGINT", 130, True), ("SIGINT", 130, False), ("SIGTERM", 143, True)]
)
def test_it_stops_cleanly(watched: Callable[..., Watcher], tree: Tree, number: str, code: int, busy: bool) -> None:
    watcher = watched()
    watcher.built()
    if busy:
        for seed in range(6):
            tree.put(f"{seed}.png", encoded(photo(300, 300, seed), "PNG", compress_level=0))
        watcher.until(lambda line: line["type"] == "outcome")
    errors = watcher.stop(signal.Signals[number])
    assert (watcher.process.returncode, "Traceback" in errors) == (code, False), errors
    assert not list(tree.root.rglob(".semopt-*"))
    for entry in tree.manifest.values():
        for variant in entry["variants"]:
            assert (tree.root / variant["path"]).stat().st_size == variant["bytes"]


def test_where_the_system_cannot_watch_it_looks_by_itself(watched: Callable[..., Watcher], tree: Tree) -> None:
    body = (
        "import watchdog.observers as o\n"
        f"def start(self): raise OSError({errno.ENOSPC}, 'inotify watch limit reached')\n"
        "o.Observer.start = start\n"
    )
    watcher = watched(**trapped(tree, body))
    notice, watching, *_ = watcher.built()
    assert "inotify watch limit reached" in notice["text"]
    assert watching["polling"] is True
    tree.put("second.png", TWO)
    watcher.outcome("second.png", "optimized")


def test_people_get_a_line_for_each_change(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched("-v")
    lines = iter(lambda: watcher.lines.get(timeout=PATIENCE_S), None)
    assert any("Manifest: semopt-manifest.json" in line for line in lines)
    tree.put("second.png", TWO)
    assert next(lines).startswith("second.png: optimized: ")
    assert next(lines).startswith("built: 1 changed")
    (tree.root / "second.png").unlink()
    assert next(lines) == "second.png: removed\n"
    assert next(lines).startswith("built: 1 changed")
    tree.put("third.png", b"no image")
    assert next(lines).startswith("built: 1 changed")
    assert "third.png: failed: " in watcher.stop()


def test_an_invalid_config_at_first_is_2(tree: Tree) -> None:
    tree.put("semopt.yaml", "version: 2\n")
    assert tree.semopt("watch").returncode == 2
    assert "--poll" in tree.semopt("watch", "--help").stdout


def test_a_worker_can_be_made_ready_before_the_first_image() -> None:
    assert reply(Bench(), (None, "rehearse")) == ("ok", None)


def test_a_judge_that_goes_is_said_once(watched: Callable[..., Watcher], tree: Tree) -> None:
    tree.put("net.pth", b"weights")
    net = "evaluators: {net: {kind: torchvision, model: resnet18, weights: net.pth}}\n"
    rules = "[{match: 'no/**', strategy: semantic, evaluator: net}, {match: '**', strategy: lossless, formats: [webp]}]"
    tree.put("semopt.yaml", f"version: 1\n{net}rules: {rules}\n")
    watcher = watched()
    watcher.built()
    (tree.root / "net.pth").unlink()
    watcher.built()  # nothing asks it yet
    tree.put("no/one.png", TWO)
    watcher.until(lambda line: line["type"] == "config" and "net.pth" in line["error"])
    assert watcher.quiet(1)


def test_settling() -> None:
    settling = Settling()
    assert settling.whole({"a": "new", "b": "new", "c": "new"}, 0, {"a"}, {"c"}) == {"a"}
    assert settling.whole({"b": "new", "c": "new"}, SETTLED_S, (), {"c"}) == {"b"}
    assert settling.whole({"b": "newer", "c": "new"}, WRITING_S, (), {"c"}) == {"c"}
    assert settling.age("c", 3) == 3
    settling.forget_all_but({"b"})
    assert settling.age("c", 3) == float("inf")
    settling.built({"b"}, WRITING_S)
    assert not settling.whole({"b": "saved again"}, WRITING_S, {"b"}, ())
    assert settling.whole({"b": "saved again"}, WRITING_S + REPEATED_S, {"b"}, ()) == {"b"}
    assert settling.whole({"b": "much later"}, WRITING_S + 9, {"b"}, ()) == {"b"}
    assert differing({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == {"a": None, "b": "3", "c": "4"}


@pytest.mark.parametrize(
    ("kind", "path", "heard", "removed"),
    [
        ("deleted", "a.png.semopt.webp", True, True),
        ("created", "a.png.semopt.webp", False, False),
        ("modified", "a.png.semopt.webp", False, False),
        ("deleted", "a.png", True, True),
        ("created", "a.png", True, False),
        ("deleted", "a.txt", False, False),
        ("deleted", ".git/a.png", False, False),
    ],
)
def test_a_variant_is_heard_of_only_when_it_goes(kind: str, path: str, heard: bool, removed: bool) -> None:
    hints = Hints()
    _Handler(hints, "/tree", "/tree", ()).dispatch(
        SimpleNamespace(event_type=kind, is_directory=False, src_path=f"/tree/{path}")
    )
    assert (hints.wait(0), hints.removed) == (heard, removed)


def test_hints_tell_who_is_writing() -> None:
    hints = Hints()
    assert not hints.wait(0)
    for kind in ("created", "modified"):
        hints.put(Hint("a", kind))
    assert hints.wait(0)
    assert ("a" in hints.writing, "a" in hints.closed) == (CLOSES, False)
    hints.put(Hint("a", "closed"))
    hints.wait_for_quiet(0, 1)
    assert (hints.writing, hints.closed) == (set(), {"a"})
    hints.put(Hint("a", "deleted"))
    hints.wait(0)
    assert (hints.writing, hints.closed) == (set(), set())
