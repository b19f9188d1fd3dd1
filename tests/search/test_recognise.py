"""The search alone: no image, no network, no disk. A world answers its requests from a formula."""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import driven
from semopt.criteria import Recognised
from semopt.encoders import ENCODERS
from semopt.search import exhaustive, recognise
from semopt.search.board import LOOKS
from semopt.search.guess import FARTHEST
from semopt.search.hunt import FAILED, MOST_COST, MOST_PASSES
from semopt.search.lattice import lattice, neighbours
from semopt.search.prior import GUESS
from semopt.types import (
    Candidate,
    Encode,
    Juror,
    Keep,
    Look,
    Observe,
    Problem,
    Request,
    Score,
    Search,
    SearchResult,
    Source,
)

LOSSY = tuple(ENCODERS[name] for name in ("webp", "avif", "jpeg"))
RULE = Recognised((("judge", Keep(similarity=0.9)),))
FULL = lattice(Source(500, 375, 20_000), LOSSY)


@dataclass
class World:
    """Bytes and similarity of every candidate of one image, with seeded noise, and a count of what was asked."""

    seed: int = 0
    noise: float = 0.5
    ease: float = 0.0
    cannot: Callable[[Candidate], bool] = lambda candidate: False
    asked: Counter[str] = field(default_factory=Counter)
    shown: list[tuple[Candidate, Look]] = field(default_factory=list)

    def bytes(self, one: Candidate) -> int:
        fixed = {"webp": 66, "avif": 308, "jpeg": 307}[one.encoder]
        return round(fixed + one.width * one.height * 0.04 * 1.5 ** rung(one))

    def margin(self, one: Candidate, look: Look = "plain", judge: str = "judge") -> float:
        luck = random.Random(f"{self.seed} {one} {judge}").gauss(0, self.noise)
        luck += 0.0 if look == "plain" else random.Random(f"{self.seed} {one} {look}").gauss(0, self.noise / 2)
        return 1.3 * math.log2(max(one.width, one.height) / 160) + 0.45 * (rung(one) - 2) + self.ease + luck

    def score(self, one: Candidate, look: Look = "plain", judge: str = "judge") -> Score:
        odds = 9 * math.exp(self.margin(one, look, judge))
        return Score(similarity=odds / (1 + odds))

    def answer(self, request: Request) -> list[object]:
        if isinstance(request, Encode):
            self.asked["encode"] += len(request.candidates)
            return [None if self.cannot(one) else self.bytes(one) for one in request.candidates]
        assert isinstance(request, Observe)
        judges = request.judges or ("judge",)
        self.asked[request.phase] += len(request.candidates) * len(judges)
        for judge in judges:
            self.asked[judge] += len(request.candidates)
        candidates = [one for one in request.candidates if one is not None]
        self.shown += [(one, request.look) for one in candidates]
        return [{judge: self.score(one, request.look, judge) for judge in judges} for one in candidates]

    def passes(self, one: Candidate, look: Look = "plain") -> bool:
        return self.margin(one, look) >= 0

    def counted(self, one: Candidate, look: Look = "plain") -> float:
        return min(6.0, self.margin(one, look)) if self.passes(one, look) else FAILED


def rung(one: Candidate) -> float:
    """The place of a candidate's quality on its encoder's ladder."""
    ladder = ENCODERS[one.encoder].ladder
    return float(np.interp(one.quality or 0, ladder, range(len(ladder))))


def finish(search: Search, world: World, halt_after: int | None = None) -> SearchResult:
    """Drive a search to its end, or halt it after a number of requests."""
    return driven(search, world.answer, halt_after, most=10_000)


def problem(width: int = 500, height: int = 375, size: int = 10**7, write: str = "smallest") -> Problem:
    return Problem(Source(width, height, size), LOSSY, write, RULE, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(("cost", "bytes_", "most"), [(1.0, 1.15, 16), (10.0, 1.4, 6)])
def test_it_finds_nearly_what_the_exhaustive_search_finds_in_few_passes_fewer_of_a_dear_judge(
    cost: float, bytes_: float, most: int
) -> None:
    asked = replace(problem(), judges=(Juror("judge", cost),))
    found, best, passes, all_passes = 0, 0, [], []
    for seed in range(40):
        world, yardstick = World(seed, 0.1), World(seed, 0.1)
        found += finish(recognise(asked), world).accepted[0].bytes
        best += finish(exhaustive(asked), yardstick).accepted[0].bytes
        passes.append(world.asked["search"])
        all_passes.append(yardstick.asked["search"])
    assert found <= bytes_ * best
    assert sorted(passes)[20] <= most
    assert sum(passes) * 5 < sum(all_passes)


def test_a_pass_is_priced_with_the_encode_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a cheap judge, whose passes alone would be worth it oftener; a dear one costs the most without it."""

    def spent(cost: float) -> tuple[int, int]:
        worlds = [World(seed, 0.1) for seed in range(40)]
        for world in worlds:
            finish(recognise(replace(problem(), judges=(Juror("judge", cost),))), world)
        return sum(world.asked["search"] for world in worlds), sum(world.asked["encode"] for world in worlds)

    cheap, dear = spent(1.0), spent(MOST_COST)
    monkeypatch.setattr("semopt.search.hunt.ENCODE", 0.0)
    assert all(now < before for now, before in zip(cheap, spent(1.0), strict=True))
    assert dear == spent(MOST_COST)


@pytest.mark.parametrize("wrong", [-3.0, 3.0])
def test_a_wrong_guess_costs_passes_and_finds_what_is_accepted_all_the_same(
    wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear = replace(problem(), judges=(Juror("judge"),))
    right = [finish(recognise(dear), World(seed, 0.1)).accepted[0].bytes for seed in range(20)]
    module = sys.modules["semopt.search.outlook"]
    monkeypatch.setattr(module, "GUESS", replace(GUESS, typical=(0.0,) * 4, offset=(wrong / FARTHEST, 0.0, 0.0, 0.0)))
    total = 0
    for seed in range(20):
        world = World(seed, 0.1)
        (found,) = finish(recognise(dear), world).accepted
        total += found.bytes
        assert world.passes(found.candidate)
        assert world.asked["search"] <= 2 * MOST_PASSES
    assert total <= 1.6 * sum(right)


@given(seed=st.integers(0, 10**6), noise=st.floats(0, 2), ease=st.floats(-4, 4), halt=st.none() | st.integers(1, 20))
@settings(max_examples=150, deadline=None)
def test_what_is_accepted_is_recognised_in_the_mean_of_its_looks_and_is_smaller(
    seed: int, noise: float, ease: float, halt: int | None
) -> None:
    world = World(seed, noise, ease)
    ended = finish(recognise(problem(size=20_000)), world, halt)
    for trial in ended.accepted:
        near = [FULL[index] for index in neighbours(FULL)[FULL.index(trial.candidate)]]
        assert trial.bytes < 20_000
        assert world.passes(trial.candidate)
        assert trial.passed
        assert all((one, "plain") in world.shown for one in near)
        assert all((trial.candidate, look) in world.shown for look in LOOKS)
        assert not near or sum(world.counted(one) for one in near) >= 0
        assert sum(world.counted(trial.candidate, look) for look in LOOKS) >= 0
    assert bool(ended.accepted) != bool(ended.reason)
    assert ended.complete or halt is not None


def test_a_lucky_pass_is_not_accepted() -> None:
    lucky = Candidate("webp", 91, 68, 15)

    class Lucky(World):
        def margin(self, one: Candidate, look: Look = "plain", judge: str = "judge") -> float:
            return 3.0 if one == lucky else super().margin(one, look, judge)

    for ended in (finish(search(problem()), Lucky(noise=0.0)) for search in (recognise, exhaustive)):
        assert lucky not in [trial.candidate for trial in ended.accepted]
        assert ended.accepted


def test_the_same_answers_give_the_same_trials() -> None:
    first, second = (finish(recognise(problem()), World(3)) for _ in range(2))
    assert first == second


def test_nothing_is_accepted_where_nothing_is_recognised() -> None:
    ended = finish(recognise(problem()), World(ease=-50))
    assert not ended.accepted
    assert ended.reason == "no smaller file is recognised as the original is"


def test_nothing_larger_than_the_original_is_looked_at() -> None:
    world = World()
    ended = finish(recognise(problem(40, 30, size=70)), world)
    assert not ended.accepted
    assert world.asked["search"] == 0


def test_an_encoder_that_cannot_hold_the_image_is_passed_over() -> None:
    ended = finish(recognise(problem()), World(cannot=lambda one: one.encoder != "jpeg"))
    assert ended.accepted[0].candidate.encoder == "jpeg"


def test_each_format_at_the_winners_size_smaller_than_the_more_widely_supported() -> None:
    ended = finish(recognise(problem(write="each")), World(noise=0.0))
    sizes = {(trial.candidate.width, trial.candidate.height) for trial in ended.accepted}
    by_name = {trial.candidate.encoder: trial.bytes for trial in ended.accepted}
    assert len(sizes) == 1
    assert by_name.get("webp", 0) < by_name.get("jpeg", 10**9)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 20_000), (33, 2), (16_000, 10)])
def test_odd_shapes(width: int, height: int) -> None:
    ended = finish(recognise(problem(width, height)), World(ease=5))
    for trial in ended.accepted:
        assert 1 <= trial.candidate.width <= width
        assert 1 <= trial.candidate.height <= height


def test_an_image_of_which_too_little_is_hoped_is_searched_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["semopt.search.outlook"]
    monkeypatch.setattr(module, "GUESS", replace(GUESS, typical=(0.0,) * 4, offset=(-20.0, 0.0, 0.0, 0.0)))
    assert finish(recognise(problem()), World()).accepted
