"""What a winner must stand, whom it is shown to and in which order: over the formula world of `test_recognise`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.test_recognise import World, finish, problem
from semopt.criteria import Recognised, margin
from semopt.search import exhaustive, recognise
from semopt.types import Candidate, Juror, Jury, Keep, Look, Problem, Score, Search

HIGH = Keep(similarity=0.9)
CHEAP, DEAR = Juror("cheap", 1.0), Juror("dear", 10.0)
BOTH = Recognised((("cheap", HIGH), ("dear", HIGH)))
SEARCHES = pytest.mark.parametrize("search", [recognise, exhaustive])


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=5), st.none() | st.integers(1, 5), st.randoms(use_true_random=False)
)
def test_a_settled_verdict_never_changes_when_more_judges_are_heard(
    similarities: list[float], agree: int | None, order: object
) -> None:
    names = [f"judge{at}" for at in range(len(similarities))]
    scores = {name: Score(figure) for name, figure in zip(names, similarities, strict=True)}
    rule = Recognised(tuple((name, HIGH) for name in names), None if agree is None else min(agree, len(names)))
    order.shuffle(names)  # type: ignore[attr-defined]
    final = rule(scores)
    assert final.settled
    for count in range(len(names)):
        partial = rule({name: scores[name] for name in names[:count]})
        assert not partial.passed or final.passed
        if partial.settled:
            assert partial.passed == final.passed
            assert partial.passed or final.margin <= partial.margin < 0
            assert not partial.passed or 0 <= partial.margin <= final.margin
        if partial.margin > 0:
            assert partial.passed


class Two(World):
    """Two judges of different luck, the dear one the sterner."""

    def margin(self, one: Candidate, look: Look = "plain", judge: str = "judge") -> float:
        return super().margin(one, look, judge) - 0.3 * (judge == "dear")


@given(seed=st.integers(0, 10**6), agree=st.sampled_from([None, 2]))
@settings(max_examples=15, deadline=None)
def test_asking_the_dear_judge_last_changes_no_answer(seed: int, agree: int | None) -> None:
    def asked(*judges: Juror) -> tuple[object, Two]:
        world = Two(seed, 0.5)
        return finish(exhaustive(replace(whole, judges=judges)), world).accepted, world

    whole = replace(problem(), criterion=Recognised(BOTH.judges, agree), agree=agree)
    staged, world = asked(CHEAP, DEAR)
    other, all_at_once = asked(DEAR, CHEAP)
    sizes = [[(trial.candidate, trial.bytes) for trial in found] for found in (staged, other)]  # type: ignore[attr-defined]
    assert sizes[0] == sizes[1]
    assert world.asked["dear"] <= all_at_once.asked["dear"]


def test_what_a_cheap_judge_refuses_is_not_shown_to_a_dear_one() -> None:
    spared = 0
    for seed in range(4):
        ended = finish(recognise(replace(problem(), criterion=BOTH, judges=(CHEAP, DEAR))), Two(seed, 0.5))
        assert set(ended.accepted[0].scores or {}) == {"cheap", "dear"}
        spared += sum(set(trial.scores or {}) == {"cheap"} and not trial.passed for trial in ended.trials)
        for trial in ended.trials:
            if "dear" in (trial.scores or {}):
                assert margin((trial.scores or {})["cheap"], HIGH) >= 0
    assert spared


@SEARCHES
@pytest.mark.parametrize("look", ["mirror", "shift"])
def test_what_is_not_recognised_in_the_mean_of_its_looks_is_refused(search: object, look: Look) -> None:
    best = finish(search(problem()), World(noise=0.0)).accepted[0].candidate  # type: ignore[operator]

    class Fickle(World):
        def margin(self, one: Candidate, seen: Look = "plain", judge: str = "judge") -> float:
            failing = {look, "resample"}
            return -1.0 if one == best and seen in failing else super().margin(one, "plain", judge)

    ended = finish(search(problem()), Fickle(noise=0.0))  # type: ignore[operator]
    assert ended.accepted[0].candidate != best
    (refused,) = [trial for trial in ended.trials if trial.refused]
    assert (refused.candidate, refused.refused, refused.passed) == (best, "resample", False)


def test_a_judge_that_reads_is_shown_no_mirrored_picture() -> None:
    class Reading(World):
        def margin(self, one: Candidate, look: Look = "plain", judge: str = "judge") -> float:
            assert (judge, look) != ("reader", "mirror")
            return super().margin(one, look, judge)

    reader = Juror("reader", mirrors=False)
    alone = replace(problem(), criterion=Recognised((("reader", HIGH),)), judges=(reader,))
    two = replace(problem(), criterion=Recognised((("reader", HIGH), ("cheap", HIGH))), judges=(CHEAP, reader))
    for one in (alone, two):
        assert finish(recognise(one), Reading(noise=0.1)).accepted


# --- judges that took no part -----------------------------------------------------------------------------------------


class Stern(World):
    """The judge called "other" wants `more` than the one that searches."""

    more = 1.0

    def margin(self, one: Candidate, look: Look = "plain", judge: str = "judge") -> float:
        return super().margin(one, look, "judge") - self.more * (judge == "other")


def confirmed(given: Problem) -> Problem:
    other = Jury(Recognised((("other", HIGH),)), (Juror("other"),))
    return replace(given, judges=(Juror("judge", 1.0),), confirm=other)


@pytest.mark.parametrize("more", [-1.0, 0.3, 1.0, 2.0])
def test_they_are_asked_seldom_and_have_the_last_word(more: float) -> None:
    losses, asks = [], []
    for seed in range(6):
        world, yardstick = Stern(seed, 0.1), Stern(seed, 0.1)
        world.more = yardstick.more = more
        ended = finish(recognise(confirmed(problem())), world)
        best = finish(exhaustive(confirmed(problem())), yardstick)
        scores = ended.accepted[0].scores or {}
        assert set(scores) == {"judge", "other"}
        assert margin(scores["other"], HIGH) >= 0
        losses.append(ended.accepted[0].bytes / best.accepted[0].bytes)
        asks.append(world.asked["other"])
    assert sum(asks) / len(asks) <= 10  # the exhaustive search asks 40 to 95 times where they want 1 or 2 more
    assert sum(losses) / len(losses) <= 1.25


def test_what_they_never_accept_is_kept_with_the_reason() -> None:
    world = Stern(0, 0.1)
    world.more = 50.0
    ended = finish(recognise(confirmed(problem(size=20_000))), world)
    assert not ended.accepted
    assert ended.reason == "no smaller file is recognised by the judges that confirm"
    assert "confirm" in {trial.refused for trial in ended.trials}


@given(halt=st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_nothing_is_accepted_that_they_were_not_asked_about(halt: int) -> None:
    ended = finish(recognise(confirmed(problem())), Stern(0, 0.1), halt)
    assert all("other" in (trial.scores or {}) for trial in ended.accepted)


def test_each_format_is_shown_to_them() -> None:
    ended = finish(recognise(confirmed(problem(write="each"))), Stern(0, 0.0))
    assert all(margin((trial.scores or {})["other"], HIGH) >= 0 for trial in ended.accepted)


def counts(search: Search, seed: int) -> Counter[str]:
    world = World(seed, 0.2)
    finish(search, world)
    return world.asked


def test_looks_and_neighbours_are_at_most_five_passes_where_the_first_winner_holds() -> None:
    assert sorted(counts(recognise(problem()), seed)["confirm"] for seed in range(7))[3] <= 8
