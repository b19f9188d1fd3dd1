"""The post's loop as a search: it ends at the first changed class and accepts what came before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from semopt.encoders import ENCODERS
from semopt.search.steps import NOTHING, SameClass, until_lost
from semopt.strategies import strategies
from semopt.strategies.resize import sizes
from semopt.types import Candidate, Encode, Halt, Problem, Request, Score, SearchResult, Source

STEPS = [[Candidate("jpeg", width, width, 85)] for width in (90, 80, 70, 60)]


def problem(size: int = 1000, width: int = 100, seed: int = 0) -> Problem:
    return Problem(Source(width, width, size), (ENCODERS["jpeg"],), "smallest", SameClass(), {}, seed=seed)


def play(search: Any, weights: Sequence[int | None], ranks: Sequence[int | None], halt: int = 999) -> Any:
    """Answer with these bytes and ranks, one after another; gives the result and the requests."""
    asked: list[Request] = []
    sizes, places, answer = iter(weights), iter(ranks), None
    try:
        while True:
            request = search.throw(Halt()) if len(asked) == halt else search.send(answer)
            asked.append(request)
            if isinstance(request, Encode):
                answer = [next(sizes) for _ in request.candidates]
            else:
                answer = [{"net": Score(0.1, rank=next(places)), "plain": Score(0.1)} for _ in request.candidates]
    except StopIteration as stop:
        assert isinstance(stop.value, SearchResult)
        return stop.value, asked


def test_it_accepts_the_last_before_the_class_changes_and_asks_no_further() -> None:
    ended, asked = play(until_lost(problem(), STEPS), [900, 800, 700, 600], [0, 0, 1, 0])
    assert [trial.candidate.width for trial in ended.accepted] == [80]
    assert [trial.passed for trial in ended.trials] == [True, True, False]
    assert len(asked) == 6
    assert ended.complete


def test_it_accepts_the_last_of_all_where_the_class_never_changes() -> None:
    ended, _ = play(until_lost(problem(), STEPS), [900, 800, 700, 600], [0] * 4)
    assert [trial.candidate.width for trial in ended.accepted] == [60]


def test_the_last_is_the_last_smaller_than_the_original() -> None:
    ended, _ = play(until_lost(problem(), STEPS), [900, 800, 2000, 600], [0, 0, 0, 5])
    assert [trial.bytes for trial in ended.accepted] == [800]
    ended, _ = play(until_lost(problem(), STEPS), [2000] * 4, [0] * 4)
    assert (ended.accepted, ended.reason) == ((), "no variant is smaller than the original")


def test_a_class_lost_at_once_is_said() -> None:
    ended, _ = play(until_lost(problem(), STEPS), [900], [3])
    assert (ended.accepted, ended.reason) == ((), NOTHING)


def test_what_no_encoder_can_hold_is_passed_over() -> None:
    ended, _ = play(until_lost(problem(), STEPS), [None, 800, 700, 600], [0, 0, 1])
    assert [trial.candidate.width for trial in ended.accepted] == [70]


def test_halted_it_has_the_last_that_held() -> None:
    ended, _ = play(until_lost(problem(), STEPS), [900, 800, 700, 600], [0] * 4, halt=5)
    assert [trial.candidate.width for trial in ended.accepted] == [80]
    assert not ended.complete


def test_every_judge_with_classes_must_hold_and_there_must_be_one() -> None:
    same, other, none = Score(0.0, rank=0), Score(1.0, rank=1), Score(1.0)
    assert SameClass()({"a": same, "b": none}).passed
    assert not SameClass()({"a": same, "b": other}).passed
    assert not SameClass()({"b": none}).passed


@pytest.mark.parametrize(
    ("size", "steps"), [((1, 1), 0), ((7, 3), 1), ((100, 100), 10), ((6000, 4000), 400), ((50_000, 1000), 100)]
)
def test_sizes_go_down_to_a_pixel_in_the_same_proportions(size: tuple[int, int], steps: int) -> None:
    found = list(sizes(Source(*size, 1)))
    assert abs(len(found) - steps) <= 5
    assert all(width <= size[0] and height <= size[1] for width, height in found)
    assert not found or found[-1] == (1, 1)
    for width, height in found[: steps // 2]:
        assert width / height == pytest.approx(size[0] / size[1], rel=0.02)


def test_sizes_are_bounded() -> None:
    assert len(list(sizes(Source(30_000, 30_000, 1)))) == 1000


def test_jpeg_carries_its_chain_and_goes_by_its_seed() -> None:
    jpeg = strategies()["jpeg"]
    ended, _ = play(jpeg.search(problem()), [900] * 100, [0] * 100)
    qualities = [trial.candidate.quality for trial in ended.trials]
    assert len(qualities) == 100
    assert ended.trials[-1].candidate.chain == tuple(qualities[:-1])
    assert all(quality is not None and 0 <= quality <= 100 for quality in qualities)
    again, _ = play(jpeg.search(problem()), [900] * 100, [0] * 100)
    other, _ = play(jpeg.search(problem(seed=1)), [900] * 100, [0] * 100)
    assert again.trials == ended.trials != other.trials


def test_resize_takes_the_smallest_format_of_each_size() -> None:
    given = Problem(Source(30, 30, 1000), tuple(ENCODERS[n] for n in ("jpeg", "png")), "smallest", SameClass(), {})
    ended, _ = play(strategies()["resize"].search(given), [500, 400, 90, 100, 50, 60], [0, 0, 1])
    assert [(one.candidate.encoder, one.candidate.width) for one in ended.accepted] == [("jpeg", 10)]
    assert [trial.candidate.quality for trial in ended.trials[:2]] == [ENCODERS["jpeg"].ladder[-1], None]
