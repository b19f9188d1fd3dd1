"""The first guess: what it goes by, and how far it goes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semopt.search.guess import FARTHEST, Guess, features, steadiness
from semopt.search.prior import GUESS
from semopt.search.routing import routed
from semopt.types import Candidate, Encode, Juror, Problem, Score, Search, SearchResult, Source, Verdict

PLAIN = Guess((9.0, 0.0, 0.0, 3.0), (1.0, 1.0, 1.0, 0.5), (0.1, 0.2, 0.3, 0.4), (0.0,) * 4, (0.0, 0.0, 0.0, 1.0))


def test_the_typical_image_and_one_of_which_nothing_is_known_are_guessed_alike() -> None:
    for seen in (np.array(PLAIN.typical), np.full(4, math.nan)):
        assert PLAIN.tilt(seen).tolist() == [0.0, 0.0, 0.0]


def test_what_is_far_from_all_that_was_trained_on_is_guessed_like_the_farthest() -> None:
    far, farther = (PLAIN.tilt(np.array([9.0 + by, 0.0, 0.0, 3.0])) for by in (FARTHEST, 100.0))
    assert far.tolist() == farther.tolist() == [0.1 * FARTHEST, 0.0, 0.0]


def test_the_least_steady_judge_counts_and_one_without_looks_does_not() -> None:
    sure, unsure = (Score(0.99),) * 3, (Score(0.9), Score(0.5))
    assert steadiness({"a": sure, "b": unsure, "c": ()}) == pytest.approx(math.log(9) / 2)
    assert math.isnan(steadiness({"c": ()}))
    assert steadiness({"a": (Score(1.0), Score(0.0))}) == 0.0


def test_features() -> None:
    seen = features(Source(512, 256, 512 * 256), 0.25, {"a": (Score(0.5),)})
    assert seen.tolist() == [9.0, 0.0, 0.25, 0.0]


def test_a_steadier_judge_is_thought_to_bear_more() -> None:
    steady = np.array(GUESS.typical) + np.array([0, 0, 0, GUESS.spread[3]])
    assert GUESS.tilt(steady)[0] > 0


def test_the_search_is_told_what_was_said_of_the_original_in_its_looks() -> None:
    told: list[Problem] = []

    def find(problem: Problem) -> Search:
        told.append(problem)
        yield Encode((Candidate("webp", 1, 1, 1),))
        return SearchResult((), ())

    judges = (Juror("net", labels=True), Juror("embedded"))
    problem = Problem(Source(9, 9, 99), (), "smallest", lambda scores: Verdict(True, 1.0), {}, judges=judges)
    running = routed(problem, find, (), ())
    request = next(running)
    while not isinstance(request, Encode):
        look, (name,) = request.look, request.judges  # type: ignore[union-attr]
        similarity = {"plain": 1.0, "mirror": 0.8, "shift": 0.9, "resample": 0.7}[look]
        request = running.send([{name: Score(similarity, sure=0.9, rank=0)}])
    (given,) = told
    assert [one.similarity for one in given.looks["net"]] == [0.8, 0.9, 0.7]
    assert given.looks["embedded"] == ()
