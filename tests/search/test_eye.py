"""The search for the perceptual floor: few probes, and never under the floor."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from semopt.criteria import Recognised
from semopt.encoders import ENCODERS
from semopt.search.eye import PROBES, close_to_the_eye
from semopt.types import Candidate, Encode, Keep, Measure, Problem, Request, Score, SearchResult, Source

LOSSY = tuple(ENCODERS[name] for name in ("webp", "avif", "jpeg"))
RULE = Recognised((("judge", Keep(similarity=0.9)),))


def figure(one: Candidate, bend: float, shift: float) -> float:
    """A metric that rises with quality, of any bend."""
    return 100 * ((one.quality or 0) / 100) ** bend + shift


def ask(
    problem: Problem, judged: bool, bend: float = 0.4, shift: float = 0.0, needs: int = 0
) -> tuple[SearchResult, Any]:
    search, answer = close_to_the_eye(problem, judged), None
    count = {"measure": 0, "search": 0, "encode": 0}
    while True:
        try:
            request: Request = search.send(answer)
        except StopIteration as stop:
            return stop.value, count
        if isinstance(request, Encode):
            count["encode"] += 1
            answer = [1000 + 90 * (one.quality or 0) for one in request.candidates]
        elif isinstance(request, Measure):
            count["measure"] += 1
            answer = [figure(one, bend, shift) for one in request.candidates]
        else:
            count["search"] += 1
            answer = [{"judge": Score(1.0 if (one.quality or 0) >= needs else 0.1)} for one in request.candidates]


def problem(floor: float = 70, size: int = 10**6) -> Problem:
    return Problem(Source(400, 300, size), LOSSY, "each", RULE, {"ssimulacra2": floor})


@given(bend=st.floats(0.05, 3), shift=st.floats(-60, 60), floor=st.floats(20, 95))
@settings(max_examples=200, deadline=None)
def test_never_under_the_floor_and_at_most_four_probes_an_encoder(bend: float, shift: float, floor: float) -> None:
    ended, count = ask(problem(floor), judged=False, bend=bend, shift=shift)
    assert count["measure"] <= PROBES * len(LOSSY)
    for trial in ended.accepted:
        assert figure(trial.candidate, bend, shift) >= floor
        assert (trial.candidate.width, trial.candidate.height) == (400, 300)
    assert ended.accepted or ended.reason


def test_it_lands_close_above_the_floor() -> None:
    ended, _ = ask(problem(70), judged=False, bend=0.6)
    assert all(70 <= figure(trial.candidate, 0.6, 0) < 74 for trial in ended.accepted)


def test_with_a_judge_the_stricter_of_the_two_decides() -> None:
    eye, _ = ask(problem(70), judged=True, needs=0)
    both, count = ask(problem(70), judged=True, needs=80)
    assert all((trial.candidate.quality or 0) >= 80 for trial in both.accepted)
    assert math.prod(trial.bytes for trial in both.accepted) >= math.prod(trial.bytes for trial in eye.accepted)
    assert count["search"] <= 5 * len(LOSSY)


def test_the_reason_names_the_floor() -> None:
    ended, _ = ask(problem(70), judged=False, shift=-200)
    assert ended.reason == "no smaller file keeps ssimulacra2 at 70 or more"


def test_a_variant_as_large_as_the_original_is_not_accepted() -> None:
    ended, _ = ask(problem(70, size=900), judged=False)
    assert ended.reason == "no variant is smaller than the original"
