"""What is under search at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import semopt
from conftest import Tree, drawing, encoded, photo
from semopt import engine


@pytest.mark.parametrize(("each", "alpha"), [(1, False), (3 * 120 * 90, False), (2 * 120 * 90, True), (10**9, True)])
def test_pixels_under_search_are_bounded_over_all_workers(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, each: int, alpha: bool
) -> None:
    for number in range(6):
        image = drawing(120, 90)
        image.putpixel((number, 0), (0, 0, 0))
        if alpha:
            image.putalpha(200)
        tree.put(f"{number}.png", encoded(image, "PNG", compress_level=0))
    monkeypatch.setattr(engine, "PIXELS_EACH", each)
    most = []
    begun = engine.Engine._begun

    def counted(self: Any, run: Any) -> Iterator[Any]:
        others = [one for one in self._runs.values() if one.search is not None]
        most.append((len(others) + 1) * 120 * 90 * (engine.ALPHA if alpha else 1))
        yield from begun(self, run)

    monkeypatch.setattr(engine.Engine, "_begun", counted)
    assert [outcome.status for outcome in semopt.build(tree.root, jobs=2)] == ["optimized"] * 6
    assert len(most) == 6
    assert max(most) <= max(2 * each, 120 * 90)  # one that is larger than the bound is searched alone


@pytest.mark.parametrize("ago", [0.0, 60.0])
def test_when_the_time_is_up_no_search_fails_for_an_image_that_is_only_being_opened(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, ago: float
) -> None:
    for number in range(2):
        tree.put(f"{number}.jpg", encoded(photo(900, 700, number)))
    start = engine.Engine._start

    def started(self: Any, waiting: Iterator[Any]) -> bool:
        more = start(self, waiting)
        if len(self._runs) == 2:  # one under search, the other waits for the same worker to open it
            self._until = min(self._until, time.monotonic() - ago)
        return more

    monkeypatch.setattr(engine.Engine, "_start", started)
    outcomes = list(semopt.build(tree.root, jobs=1))
    assert [outcome.status for outcome in outcomes if outcome.status not in ("optimized", "kept")] == []
    assert outcomes[1].reason == engine.LEFT


@pytest.mark.parametrize("strategy", ["both", "semantic"])
def test_at_the_end_no_worker_is_idle_while_another_has_two_images(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    """One of the two is opened again by the idle one; what is found and counted is the same."""
    other = Tree(tmp_path / "other")
    for one in (tree, other):
        one.put("semopt.yaml", f"version: 1\nrules: [{{match: '**', strategy: {strategy}}}]\n")
        for number in range(2):
            one.put(f"{number}.jpg", encoded(photo(200, 150, number)))
    outcomes = list(semopt.build(other.root, jobs=1))
    homes: dict[str, set[int]] = {}
    ask = engine.Engine._ask

    def asked(self: Any, run: Any, verb: str, *arguments: Any) -> None:
        ask(self, run, verb, *arguments)
        homes.setdefault(run.order.task.asset.path, set()).add(self._pool.workers.index(run.worker))

    def both_to_the_first(self: Any, worker: Any) -> bool:
        return (len(self._runs) < 2) is (worker is self._pool.workers[0])

    monkeypatch.setattr(engine.Engine, "_ask", asked)
    monkeypatch.setattr(engine.Engine, "_has_room", both_to_the_first)
    assert list(semopt.build(tree.root, jobs=2)) == outcomes
    assert set().union(*homes.values()) == {0, 1}
    assert tree.files() == other.files()
