"""The trials below what was found: of which bytes, how many, and that they change nothing of what is accepted."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from semopt.criteria import Recognised
from semopt.encoders import ENCODERS
from semopt.search import recognise
from semopt.search.below import ENCODES, OVER, STEPS, below
from semopt.search.eye import PROBES
from semopt.types import Candidate, Juror, Jury, Keep, Request, Score
from tests.search.test_eye import LOSSY, Image, typical, usual
from tests.search.test_eye import problem as seen
from tests.search.test_recognise import World, finish
from tests.search.test_recognise import problem as recognised


def driven(found: int, sizes: dict[int, int | None], expected: dict[int, int]) -> tuple[list[int], list[int]]:
    """What is encoded and what is shown. Candidates are numbers, better with each; sizes: true ones, in bytes."""
    encoded: list[int] = []
    shown: list[int] = []

    def belief() -> tuple[list[int], Any, Any]:
        ones = [one for one in sizes if one not in encoded or sizes[one] is not None]
        known = [sizes[one] if one in encoded else expected[one] for one in ones]
        return ones, np.log(np.array(known, dtype=float)), np.array(ones, dtype=float)

    def encode(one: int) -> Generator[Request, Any, int | None]:
        encoded.append(one)
        return sizes[one]
        yield

    def show(one: int) -> Generator[Request, Any, None]:
        shown.append(one)
        return
        yield

    assert list(below(found, belief, encode, show)) == []
    return encoded, shown


def test_the_best_within_each_step_is_shown() -> None:
    sizes = {one: 100 * one for one in range(1, 11)}
    assert driven(1000, dict(sizes), sizes)[1] == [8, 7, 5]


def test_one_that_turns_out_larger_gives_way_unless_it_is_close() -> None:
    expected = {one: 100 * one for one in range(1, 11)}
    sizes: dict[int, int | None] = {**expected, 8: 860, 7: 900, 6: None}
    encoded, shown = driven(1000, sizes, expected)
    assert STEPS[0] < 0.86 <= STEPS[0] * math.exp(OVER)
    assert (encoded, shown) == ([8, 7, 6, 5, 5], [8, 5, 5])


def test_it_ends_where_nothing_is_so_small_and_where_all_that_is_expected_is_wrong() -> None:
    assert driven(1000, {1: 900}, {1: 900}) == ([], [])
    expected = {one: 100 * one for one in range(1, 11)}
    encoded, shown = driven(1000, dict.fromkeys(expected, 2000), expected)
    assert (len(encoded), shown) == (len(STEPS) * ENCODES - 1, [])  # by then nothing is left


@pytest.mark.parametrize("write", ["smallest", "each"])
def test_what_is_recognised_stays_and_half_of_its_bytes_was_tried(write: str) -> None:
    for seed in range(10):
        asked = recognised(write=write)
        plain = finish(recognise(asked), World(seed, 0.1))
        lower = finish(recognise(replace(asked, below=True)), World(seed, 0.1))
        assert lower.accepted == plain.accepted
        assert {*map(_made, plain.trials)} <= {*map(_made, lower.trials)}
        for found in plain.accepted:
            judged = [trial.bytes for trial in lower.trials if trial.scores and _may_replace(trial, found, write)]
            worst = replace(found.candidate, quality=ENCODERS[found.candidate.encoder].ladder[0])
            least = max(STEPS[-1] * found.bytes, World(seed, 0.1).bytes(worst) if write == "each" else 0)
            assert min(judged) <= 1.2 * least


def _made(trial: Any) -> Candidate:
    made: Candidate = trial.candidate
    return made


def _may_replace(trial: Any, found: Any, write: str) -> bool:
    one, other = trial.candidate, found.candidate
    same = (one.encoder, one.width, one.height) == (other.encoder, other.width, other.height)
    return write == "smallest" or same


@pytest.mark.parametrize("write", ["smallest", "each"])
@pytest.mark.parametrize("judged", [False, True])
def test_below_the_eyes_floor_half_of_the_bytes_was_measured(write: str, judged: bool) -> None:
    asked = replace(seen(), write=write)
    image = Image(typical(2), usual, needs=20)
    plain, before = image.searched(asked, judged)
    lower, after = image.searched(replace(asked, below=True), judged)
    assert [one.candidate.encoder for one in lower.accepted] == [one.candidate.encoder for one in plain.accepted] != []
    for less, found in zip(lower.accepted, plain.accepted, strict=True):  # a trial below may be good after all
        assert less == found or less.bytes < found.bytes
    measured = sum(count for (kind, _, _), count in (after - before).items() if kind == "Measure")
    assert 0 < measured <= len(STEPS) * len(plain.accepted)
    assert sum(count for (kind, _, _), count in before.items() if kind == "Measure") <= PROBES
    for found in plain.accepted:
        tried = [trial for trial in lower.trials if trial.measured is not None]
        least = min(trial.bytes for trial in tried if _may_replace(trial, found, write))
        assert least <= STEPS[-1] * math.exp(OVER) * found.bytes
        assert all(trial.scores for trial in tried) or not judged


@pytest.mark.parametrize(("write", "sure_at"), [("smallest", 75), ("each", 75), ("each", 90)])
def test_nothing_is_written_that_the_judges_that_confirm_did_not_accept(write: str, sure_at: int) -> None:
    """Also where they ask for more than all others do, so that just what they refuse is tried below."""
    sure = Jury(Recognised((("last", Keep(similarity=0.9)),)), (Juror("last"),))
    asked = replace(seen(), write=write, confirm=sure, below=True)

    class Confirmed(Image):
        def seen(self, one: Candidate, judge: str) -> Score:
            return Score(1.0 if (one.quality or 0) >= (sure_at if judge == "last" else 20) else 0.1)

    ended, _ = Confirmed(typical(2), usual).searched(asked, judged=True)
    assert ended.accepted
    for trial in ended.accepted:
        assert (trial.candidate.quality or 0) >= sure_at
        assert trial.scores is not None
        assert trial.scores["last"].similarity == 1.0


class Counting(World):
    """A world that counts how often it was asked."""

    requests = 0

    def answer(self, request: Request) -> list[object]:
        self.requests += 1
        return super().answer(request)


@pytest.mark.parametrize("write", ["smallest", "each"])
@pytest.mark.parametrize("late", [1, 2, 3])
def test_when_the_time_is_up_below_all_that_was_found_is_kept(write: str, late: int) -> None:
    asked = recognised(write=write)
    plain, whole = Counting(3, 0.1), Counting(3, 0.1)
    found = finish(recognise(asked), plain)
    finish(recognise(replace(asked, below=True)), whole)
    ended = finish(recognise(replace(asked, below=True)), World(3, 0.1), whole.requests - late)
    assert whole.requests - late > plain.requests
    assert (ended.accepted, ended.complete) == (found.accepted, False)


def test_one_that_keeps_the_floor_after_all_is_written() -> None:
    """What the probes missed may be found below: it was measured, as all that is written."""
    image = Image(lambda one: 75.0 if not 45 < (one.quality or 0) <= 60 else 30.0)
    asked = seen(encoders=LOSSY)
    plain, _ = image.searched(asked)
    lower, _ = image.searched(replace(asked, below=True))
    assert all((trial.measured or 0) >= 70 for trial in lower.accepted)
    assert min(trial.bytes for trial in lower.accepted) < min(trial.bytes for trial in plain.accepted)
