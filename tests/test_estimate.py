"""The sample of an estimate, and what is made of it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from conftest import Tree, drawing, encoded
from semopt import config, estimate
from semopt.answers import Answer
from semopt.estimate import MOST_SAMPLES, sampled
from semopt.types import Asset, Outcome, Rule, Settings, Stat, Task, Variant


def tasks(*sizes: int) -> list[Task]:
    rule = Rule("default", ("**",), Settings())
    return [Task(Asset(f"{n:04}.jpg", Path(f"{n}"), Stat(size, 0, 0, n)), rule) for n, size in enumerate(sizes)]


def test_a_sample_is_the_same_every_time_bounded_and_spread() -> None:
    many = tasks(*(1000 + 17 * n % 400 for n in range(500)))
    sample = sampled(many)
    assert sample == sampled(many)
    assert sum(sample.values()) == MOST_SAMPLES == len(sample)
    places = [many.index(task) for task in sample]
    assert all(30 < after - before < 55 for before, after in pairwise(places))


def test_large_images_are_taken_more_often_and_fewer_in_all() -> None:
    sample = sampled(tasks(*[1000] * 50, 400_000, *[1000] * 50))
    assert max(sample.values()) >= 8
    assert len(sampled(tasks(*[3_000_000] * 40))) == 2
    assert len(sampled(tasks(90_000_000, 90_000_000))) == 1
    assert sampled([]) == {}


def test_a_small_tree_is_taken_whole() -> None:
    assert sampled(tasks(10, 10_000, 3)) == dict.fromkeys(tasks(10, 10_000, 3), 1)


def test_the_estimate_is_unbiased_over_trees(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Shares that follow the size are what a plain mean of images would get wrong."""
    made = tasks(*(100 + (n * 7919) % 5000 for n in range(300)))

    def fake(config: Any, asked: list[Task], crew: Any) -> Any:
        for task in asked:
            size = task.asset.stat.size
            share = 0.2 + 0.6 * size / 5100
            one = Variant("", "webp", "image/webp", 1, 1, 1, round(size * (1 - share)), "", "people")
            yield Answer(Outcome(task.asset.path, "optimized", bytes=size, variants=(one,)))

    monkeypatch.setattr(estimate, "searched", fake)
    truth = sum(t.asset.stat.size * (0.2 + 0.6 * t.asset.stat.size / 5100) for t in made) / sum(
        t.asset.stat.size for t in made
    )
    shares = []
    for start in range(0, 300, 20):
        turned = sorted(made, key=lambda task: (int(task.asset.path[:4]) - start) % 300)
        monkeypatch.setattr(estimate.plan, "make", lambda config, turned=turned: Planned(turned))
        found = estimate.estimate(config.default(tmp_path), None)  # type: ignore[arg-type]
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.share <= found.high <= 1
        assert not found.exact
        shares.append(found.share)
    assert abs(fmean(shares) - truth) < 0.03


class Planned:
    """All of a plan that an estimate looks at."""

    def __init__(self, made: list[Task]) -> None:
        self.tasks = made


def test_a_tree_without_images_and_one_that_fails(tree: Tree) -> None:
    from semopt.crew import Crew

    crew = Crew(1)
    try:
        assert estimate.estimate(config.default(tree.root), crew) is None
        tree.put("a.png", "only words")
        tree.put("b.png", encoded(drawing(), "PNG", compress_level=0))
        found = estimate.estimate(config.default(tree.root), crew)
    finally:
        crew.close()
    assert found is not None
    assert found.exact
    assert 0.9 < found.share < 1
