"""`semopt watch` where the system loses, denies or delays what it should tell, and where files come in odd ways."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watcher import CONFIG, ONE, PATIENCE_S, THREE, TWO, Watcher, same_as_one_build, trapped, watchers

from conftest import Tree, drawing, encoded, photo
from semopt import config, pipeline
from semopt.types import Outcome
from semopt.watch import Built, Event, Notice, Origin, building, listening, loop, settling, watch
from semopt.watch.checkout import PATIENCE_S as GIT_S
from semopt.watch.checkout import Checkout, lock_of
from semopt.watch.glance import glance
from semopt.watch.hints import Hints
from semopt.watch.listening import PROBE_S, Listening
from semopt.watch.settling import AGAIN_S, SELDOM_S, YOUNG_S, Retries

LINUX = sys.platform.startswith("linux")
NO_HINT = "import semopt.watch.hints as h\nh._Handler._concerns = staticmethod(lambda *_: False)\n"


@pytest.fixture
def watched(tree: Tree) -> Iterator[Callable[..., Watcher]]:
    """Starts a watcher on the tree, which has one image; ends it after the test."""
    with watchers(tree) as start:
        yield start


def notice(watcher: Watcher, text: str) -> None:
    watcher.until(lambda line: line["type"] == "notice" and text in line["text"])


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# What the system tells


def test_a_probe_is_answered_and_leaves_nothing(tree: Tree) -> None:
    hints = Hints()
    ear = Listening(hints, poll=False)
    assert not list(ear.start(tree.root, tree.root / ".semopt", []))
    until(lambda: hints.answered)
    assert not list(ear.check(time.monotonic() + 9 * PROBE_S))
    assert (ear.asking, ear.polling, list(tree.root.iterdir())) == (False, False, [])
    hints.stop()


def test_a_probe_is_made_in_a_folder_of_semopts_own_where_that_is_listened_to(tree: Tree) -> None:
    (tree.root / ".semopt").mkdir()
    hints, before = Hints(), os.stat(tree.root).st_mtime_ns
    list(Listening(hints, poll=False).start(tree.root, tree.root / ".semopt", []))
    until(lambda: hints.answered)
    assert os.stat(tree.root).st_mtime_ns == before
    hints.stop()


class Deaf(Hints):
    """Hears nothing."""

    def start(self, *_: Any) -> None:
        self.answered = True

    @property
    def alive(self) -> bool:
        return True


def test_where_no_probe_is_answered_it_looks_by_itself(tree: Tree) -> None:
    ear = Listening(Deaf(), poll=False)
    assert not list(ear.start(tree.root, tree.root / ".semopt", []))
    begun = time.monotonic()
    assert not list(ear.check(begun))
    assert not list(ear.check(begun + PROBE_S + 1))  # it may have been stopped; so it asks once more
    (said,) = ear.check(time.monotonic() + PROBE_S + 1)
    assert said.text == f"{tree.root}: the system tells of no change here; looking every 1 s instead"
    assert ear.polling
    assert not list(ear.check(time.monotonic() + 99))


def test_where_no_probe_can_be_made_nothing_is_concluded(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by a trap rather than by the folder's mode, since root writes everywhere."""
    real = os.open

    def denied(path: Any, *arguments: Any, **named: Any) -> int:
        if str(path).startswith(str(tree.root)):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "open", denied)
    ear = Listening(Deaf(), poll=False)
    list(ear.start(tree.root, tree.root / ".semopt", []))
    assert not ear.asking


def test_changes_that_nobody_tells_of_are_found_and_then_looked_for(
    watched: Callable[..., Watcher], tree: Tree, tmp_path: Path
) -> None:
    watcher = watched(**trapped(tree, NO_HINT))
    assert not watcher.built()[0]["polling"]
    tree.put("second.png", TWO)
    assert "notice" not in {line["type"] for line in watcher.outcome("second.png", "optimized")}  # it listens anew
    tree.put("third.png", THREE)
    notice(watcher, "changes come without a word from the system")
    watcher.outcome("third.png", "optimized")
    tree.put("fourth.png", TWO)
    watcher.outcome("fourth.png", "cached")
    watcher.stop()
    same_as_one_build(tree, tmp_path)


def test_a_listener_that_dies_is_replaced(tree: Tree) -> None:
    hints = Hints()
    ear = Listening(hints, poll=False)
    list(ear.start(tree.root, tree.root / ".semopt", []))
    assert not ear.stale()
    for emitter in hints._observer.emitters:
        emitter.stop()
    until(ear.stale)
    list(ear.start(tree.root, tree.root / ".semopt", []))
    assert not ear.stale()
    tree.put("first.png", ONE)
    until(lambda: hints.wait(0.1))
    hints.stop()


def test_a_watcher_whose_listener_dies_goes_on(watched: Callable[..., Watcher], tree: Tree) -> None:
    body = (
        "import threading\nimport semopt.watch.hints as h\nstart = h.Hints.start\n"
        "def dying(self, tree, files):\n    h.Hints.start = start\n    start(self, tree, files)\n"
        "    for emitter in self._observer.emitters: emitter.stop()\n"
        "h.Hints.start = dying\n"
    )
    watcher = watched(**trapped(tree, body))
    watcher.built()
    for name in ("second.png", "third.png"):
        tree.put(name, TWO)
        assert "notice" not in {line["type"] for line in watcher.built()}


@pytest.mark.skipif(not LINUX, reason="the limit is Linux's")
def test_a_limit_that_new_folders_reach(watched: Callable[..., Watcher], tree: Tree) -> None:
    body = (
        "import os\nimport semopt.watch.hints as h\n"
        "def ask(folder):\n"
        f"    if os.path.exists(f'{{folder}}/deep'): raise OSError({errno.ENOSPC}, 'inotify watch limit reached')\n"
        "h.Hints.ask_for_one_more = staticmethod(ask)\n"
    )
    watcher = watched(**trapped(tree, body))
    watcher.built()
    (tree.root / "deep").mkdir()
    notice(watcher, "not all of it can be watched (inotify watch limit reached); looking every 1 s instead")
    tree.put("deep/second.png", TWO)
    watcher.outcome("deep/second.png", "optimized")


def test_one_more_folder_can_be_asked_for(tree: Tree) -> None:
    before = threading.active_count()
    Hints.ask_for_one_more(tree.root)
    until(lambda: threading.active_count() == before)


# How files come


@pytest.mark.skipif(sys.platform == "win32", reason="no process is stopped so there")
def test_it_may_be_stopped_while_files_come(watched: Callable[..., Watcher], tree: Tree, tmp_path: Path) -> None:
    watcher = watched()
    watcher.built()
    tree.put("many/first.png", TWO)
    watcher.process.send_signal(signal.SIGSTOP)
    for number in range(200):
        tree.put(f"many/{number % 5}/{number}.png", (ONE, TWO, THREE)[number % 3])
    (tree.root / "first.png").unlink()
    time.sleep(1)
    watcher.process.send_signal(signal.SIGCONT)
    watcher.until(lambda line: line["type"] == "built" and sum(line["statuses"].values()) == 201)
    watcher.stop()
    same_as_one_build(tree, tmp_path)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_swaps_them_all(watched: Callable[..., Watcher], tree: Tree, tmp_path: Path) -> None:
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@localhost")

    def do(*arguments: str) -> None:
        subprocess.run([*git, *arguments], cwd=tree.root, check=True, stdout=subprocess.DEVNULL)

    tree.put(".gitignore", "*.semopt.*\n.semopt/\nsemopt-manifest.json\n")
    tree.put("semopt.yaml", CONFIG)
    do("init", "-q")
    for branch, content in (("one", TWO), ("two", THREE)):
        for number in range(40):
            tree.put(f"in/{number % 4}/{number}.png", content)
        tree.put(f"only/{branch}.png", content)
        do("checkout", "-q", "-b", branch)
        do("add", ".")
        do("commit", "-q", "-m", branch)
        (tree.root / f"only/{branch}.png").unlink()
        do("checkout", "-q", ".")
    watcher = watched()
    watcher.built()
    for branch in ("one", "two", "one"):
        do("checkout", "-q", branch)
        swapped = {path for path in tree.manifest if path.startswith("in/")}
        while swapped:
            swapped -= {line["path"] for line in watcher.built() if line["type"] == "outcome"}
    watcher.stop()
    shutil.rmtree(tree.root / ".git")
    same_as_one_build(tree, tmp_path)


def test_it_waits_while_git_is_at_work(watched: Callable[..., Watcher], tree: Tree) -> None:
    lock = tree.put(".git/index.lock", "")
    watcher = watched()
    watcher.built()
    tree.put("second.png", TWO)
    assert watcher.quiet(2)
    lock.unlink()
    watcher.outcome("second.png", "optimized")


def test_the_lock_of_git(tmp_path: Path) -> None:
    assert Checkout(tmp_path / "tree").runs(0) is False
    (tmp_path / "work/tree").mkdir(parents=True)
    (tmp_path / "work/.git").write_text("gitdir: ../main/.git/worktrees/work\n")
    lock = tmp_path / "main/.git/worktrees/work/index.lock"
    lock.parent.mkdir(parents=True)
    found = lock_of(tmp_path / "work/tree")
    assert found is not None
    assert os.path.samefile(found.parent, lock.parent)
    checkout = Checkout(tmp_path / "work/tree")
    assert not checkout.runs(0)
    lock.touch()
    assert checkout.runs(1)
    assert not checkout.runs(1 + GIT_S)  # of a git that was killed
    lock.unlink()
    assert not checkout.runs(2 + GIT_S)


def test_a_slow_copy_is_built_once_and_keeps_nothing_else_waiting(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched()
    watcher.built()
    whole = encoded(photo(600, 400), "PNG", compress_level=0)
    met = []
    with open(tree.root / "slow.png", "wb", buffering=0) as stream:
        for part in range(8):
            stream.write(whole[part * len(whole) // 8 : (part + 1) * len(whole) // 8])
            tree.put(f"quick{part}.png", TWO)
            time.sleep(0.6)
            if part == 6:
                met = watcher.outcome("quick1.png", "cached")
    assert "slow.png" not in {line.get("path") for line in met} or not LINUX
    met += watcher.outcome("slow.png", "optimized")
    assert [line["status"] for line in met if line.get("path") == "slow.png"] == ["optimized"]


def test_many_saves_in_a_row_end_in_the_last(watched: Callable[..., Watcher], tree: Tree) -> None:
    watcher = watched()
    watcher.built()
    for seed in range(6):
        tree.put("saved.png", encoded(drawing(70 + seed, 40), "PNG", compress_level=0))
        time.sleep(0.15)
    met = watcher.until(lambda line: line.get("path") == "saved.png" and line["width"] == 75) + watcher.built()
    widths = [line["width"] for line in met if line.get("path") == "saved.png"]
    assert widths == sorted(set(widths))
    assert watcher.quiet(1)


# What is built


def test_only_what_changed_is_built_and_the_rest_stays(watched: Callable[..., Watcher], tree: Tree) -> None:
    for number in range(5):
        tree.put(f"more/{number}.png", TWO)
    watcher = watched()
    watcher.built()
    entries = tree.manifest
    tree.put("more/3.png", THREE)
    met = watcher.outcome("more/3.png", "optimized")
    assert met[-1]["statuses"] == {"cached": 5, "optimized": 1}
    assert {path: one for path, one in tree.manifest.items() if path != "more/3.png"} == {
        path: one for path, one in entries.items() if path != "more/3.png"
    }


def test_a_manifest_that_is_lost_or_damaged(watched: Callable[..., Watcher], tree: Tree, tmp_path: Path) -> None:
    watcher = watched()
    watcher.built()
    file = tree.root / "semopt-manifest.json"
    content = file.read_bytes()
    file.unlink()
    until(file.exists)
    assert file.read_bytes() == content
    assert watcher.quiet(1)
    file.write_text("<<<<<<< conflict")
    notice(watcher, "semopt-manifest.json: damaged")
    tree.put("second.png", TWO)
    assert watcher.quiet(2)  # it is said once
    file.write_bytes(content)
    watcher.outcome("second.png", "optimized")
    watcher.stop()
    same_as_one_build(tree, tmp_path)


@pytest.fixture
def events(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Iterator[Iterator[Event]]:
    """A watcher in this very process, on a tree with one image."""
    monkeypatch.setattr(settling, "AGAIN_S", 0.5)
    monkeypatch.setattr(settling, "YOUNG_S", 0.3)
    monkeypatch.setattr(building, "YOUNG_S", 0.3)
    monkeypatch.setattr(loop, "RETRY_S", 0.3)
    file = tree.put("semopt.yaml", CONFIG)
    tree.put("first.png", ONE)
    running = watch(Origin(lambda: file, lambda: config.load(file)), pipeline.Scope(1))
    yield running
    running.close()


def after(events: Iterator[Event], wanted: Callable[[Event], bool]) -> list[Event]:
    """Events up to the first that is wanted."""
    met = [next(events)]
    while not wanted(met[-1]):
        met.append(next(events))
    return met


def test_a_file_in_the_way_is_waited_for(events: Iterator[Event], tree: Tree) -> None:
    tree.put("second.png", TWO)
    foreign = tree.put("second.png.semopt.webp", b"a person's own")
    met = after(events, lambda event: isinstance(event, Built))
    assert met[-1].statuses == {"failed": 1, "optimized": 1}  # type: ignore[union-attr]
    threading.Timer(1.5, foreign.unlink).start()
    met = after(events, lambda event: isinstance(event, Built))
    assert met[-1].statuses == {"cached": 2}  # type: ignore[union-attr]


def test_a_full_disk_is_said_once_and_waited_for(
    events: Iterator[Event], tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    after(events, lambda event: isinstance(event, Built))
    real, tries = pipeline.run, []

    def full(*arguments: Any) -> Any:
        tries.append(1)
        yield from real(*arguments)
        if len(tries) < 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "index.json")

    monkeypatch.setattr(pipeline, "run", full)
    tree.put("second.png", TWO)
    met = after(events, lambda event: isinstance(event, Built))
    assert [event.text for event in met if isinstance(event, Notice)] == [
        "index.json: No space left on device; trying again"
    ]
    assert [event.path for event in met if isinstance(event, Outcome)] == ["second.png"]
    assert len(tries) == 3


def test_nobody_listens_while_many_are_built_and_nothing_is_lost(
    events: Iterator[Event], tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MANY", 1)
    after(events, lambda event: isinstance(event, Built))
    for name in ("second", "third", "fourth"):
        tree.put(f"{name}.png", TWO)
        # The builder stands still between the outcome and the end of its build, while one more file comes.
        met = after(events, lambda event: isinstance(event, Outcome))
        tree.put(f"{name}-too.png", THREE)
        met += after(events, lambda event: isinstance(event, Outcome))
        met += after(events, lambda event: isinstance(event, Built))
        assert [event.path for event in met if isinstance(event, Outcome)] == [f"{name}.png", f"{name}-too.png"]
        assert not [event for event in met if isinstance(event, Notice)]


def test_retries() -> None:
    retries = Retries()
    assert (retries.seconds(0), retries.ripe(0)) == (float("inf"), set())
    retries.failed("a", 0, young=True)
    assert (retries.ripe(YOUNG_S / 2), retries.ripe(YOUNG_S), retries.seconds(1)) == (set(), {"a"}, YOUNG_S - 1)
    for tried in range(20):
        retries.failed("a", 0, young=False)
        assert retries.seconds(0) == min(AGAIN_S * 2**tried, SELDOM_S)
    retries.failed("b", 0, young=False)
    retries.forget_all_but({"b"})
    retries.done("b")
    assert not retries.due


def test_a_glance_tells_that_something_changed(tree: Tree) -> None:
    tree.put("a/one.png", ONE)
    seen = [glance(tree.root)]
    for change in (
        lambda: tree.put("a/two.PNG", TWO),
        lambda: tree.put("a/two.PNG", THREE),
        lambda: (tree.root / "a").rename(tree.root / "b"),
        lambda: (tree.root / "b/one.png").unlink(),
        lambda: tree.put("b/two.PNG.semopt.webp", ONE),
    ):
        change()
        seen.append(glance(tree.root))
    assert len(set(seen)) == len(seen)
    tree.put("b/two.PNG.semopt.webp", TWO)
    for path in ("b/text.txt", ".git/three.png", "node_modules/four.png"):
        tree.put(path, ONE)
    assert glance(tree.root) == seen[-1]
    with pytest.raises(FileNotFoundError):
        glance(tree.root / "none")
