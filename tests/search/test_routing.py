"""Originals that their judges cannot decide about go another way, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from conftest import driven
from semopt.criteria import Recognised
from semopt.encoders import ENCODERS
from semopt.search.routing import LEAST_SURE
from semopt.strategies import ROUTES, strategies
from semopt.types import Encode, Juror, Keep, Look, Measure, Observe, Problem, Score, SearchResult, Source

STRATEGIES = strategies()
NET = Juror("net", labels=True)
PLAIN = Juror("plain")
SURE = Score(1.0, label_before="cat", label="cat", rank=0, sure=0.9)
ALL: tuple[Look, ...] = ("plain", "mirror", "shift", "resample")


def problem(*judges: Juror, agree: int | None = None, graphic: bool = False, **more: Any) -> Problem:
    rule = Recognised(tuple((one.name, Keep(similarity=0.9)) for one in judges), agree)
    encoders = tuple(ENCODERS[name] for name in ("avif", "webp", "jpeg"))
    source = Source(200, 150, 50_000, graphic=graphic)
    return Problem(source, encoders, "smallest", rule, {"ssimulacra2": 70}, judges=judges, agree=agree, **more)


@dataclass
class Eyes:
    """Answers everything well, but what judges see in the original as told."""

    seen: Mapping[tuple[str, str], Score] = field(default_factory=dict)
    identical: float = 1.0
    shown: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, request: Any) -> list[Any]:
        if isinstance(request, Encode):
            return [one.width * one.height // 10 + (one.quality or 99) for one in request.candidates]
        if isinstance(request, Measure):
            return [self.identical if request.metric == "identical" else 75.0 for _ in request.candidates]
        assert isinstance(request, Observe)
        if request.candidates == (None,):
            assert request.phase == "reference"
            self.shown += [(name, request.look) for name in request.judges]
            return [{name: self.seen.get((name, request.look), SURE) for name in request.judges}]
        return [dict.fromkeys(request.judges, Score(0.99, rank=0)) for _ in request.candidates]


def finish(name: str, given: Problem, eyes: Eyes, halt_after: int | None = None) -> SearchResult:
    return driven(STRATEGIES[name].search(given), eyes.answer, halt_after)


@pytest.mark.parametrize("name", ["semantic", "both"])
def test_an_original_that_is_seen_stably_is_searched(name: str) -> None:
    eyes = Eyes()
    ended = finish(name, problem(NET), eyes)
    assert (ended.strategy, ended.why) == (None, "")
    assert ended.accepted
    assert eyes.shown == [("net", look) for look in ALL]


@pytest.mark.parametrize("name", ["semantic", "both"])
@pytest.mark.parametrize(
    ("changed", "sure", "why"),
    [
        (["plain"], 0.2, "net is not sure what it sees ('cat', 20%)"),
        (["mirror", "shift"], 0.9, "net takes it for 'cat', mirrored for 'dog', shifted by a few pixels for 'dog'"),
        (
            ["shift", "resample"],
            0.9,
            "net takes it for 'cat', shifted by a few pixels for 'dog', scaled once more for 'dog'",
        ),
    ],
)
def test_one_that_is_not_is_kept_close_to_the_eye(name: str, changed: list[Look], sure: float, why: str) -> None:
    dog = replace(SURE, label="dog", rank=1)
    eyes = Eyes(
        {("net", "plain"): replace(SURE, sure=sure), **{("net", look): dog for look in changed if look != "plain"}}
    )
    ended = finish(name, problem(NET), eyes)
    assert (ended.strategy, ended.why) == ("visual", why)
    assert all(trial.measured == 75.0 and trial.scores is None for trial in ended.accepted)
    assert eyes.shown == [("net", one) for one in ALL[: ALL.index(changed[-1]) + 1]]
    assert ended.strategy in ROUTES[name]


def test_one_changed_answer_is_allowed_and_a_judge_need_not_say_how_sure_it_is() -> None:
    eyes = Eyes(
        {("net", "plain"): replace(SURE, sure=LEAST_SURE), ("net", "mirror"): replace(SURE, label="dog", rank=1)}
    )
    assert finish("semantic", problem(NET), eyes).strategy is None
    assert finish("semantic", problem(NET), Eyes({("net", "plain"): replace(SURE, sure=None)})).strategy is None


def test_a_judge_without_classes_is_taken_at_its_word() -> None:
    eyes = Eyes()
    assert finish("semantic", problem(PLAIN), eyes).strategy is None
    assert eyes.shown == [("plain", "plain")], "it may have no say, and its first sight is needed anyway"


def test_where_enough_others_agree_an_unsure_judge_has_no_say() -> None:
    eyes = Eyes({("net", "plain"): replace(SURE, sure=0.1)})
    ended = finish("semantic", problem(PLAIN, NET, agree=1), eyes)
    assert (ended.strategy, bool(ended.accepted)) == (None, True)
    assert all("net" not in (trial.scores or {}) for trial in ended.trials)
    assert finish("semantic", problem(PLAIN, NET), eyes).strategy == "visual"


MUTE = Score(1.0, silent="no text")


@pytest.mark.parametrize(("name", "strategy"), [("semantic", "lossless"), ("both", "visual")])
def test_where_nobody_has_a_say_the_original_goes_another_way(name: str, strategy: str) -> None:
    reader = Juror("reader", mirrors=False)
    eyes = Eyes({("reader", "plain"): MUTE})
    ended = finish(name, problem(reader, graphic=True, absent=("embedded",)), eyes)
    said = "embedded does not judge drawings or screenshots; reader has no say (no text)"
    assert (ended.strategy, ended.why) == (strategy, said)
    assert eyes.shown == [("reader", "plain")]


@pytest.mark.parametrize("agree", [None, 1, 2])
@pytest.mark.parametrize("name", ["semantic", "both"])
def test_a_judge_without_a_say_is_not_counted_and_not_asked_again(name: str, agree: int | None) -> None:
    eyes = Eyes({("reader", "plain"): MUTE})
    ended = finish(name, problem(PLAIN, Juror("reader", mirrors=False), agree=agree), eyes)
    assert ended.strategy is None
    assert ended.accepted
    assert all((trial.scores or {}).get("reader", MUTE) == MUTE for trial in ended.trials)


def test_an_unsure_judge_beside_one_without_a_say_decides_nothing() -> None:
    eyes = Eyes({("reader", "plain"): MUTE, ("net", "plain"): replace(SURE, sure=0.2)})
    ended = finish("semantic", problem(NET, Juror("reader"), agree=1), eyes)
    assert (ended.strategy, ended.why) == ("visual", "net is not sure what it sees ('cat', 20%)")


@pytest.mark.parametrize(
    ("name", "identical", "strategy"),
    [("semantic", 1.0, "lossless"), ("semantic", 0.0, "visual"), ("both", 1.0, "visual")],
)
def test_graphics_that_no_judge_judges(name: str, identical: float, strategy: str) -> None:
    ended = finish(name, problem(graphic=True, absent=("embedded",)), Eyes(identical=identical))
    assert (ended.strategy, ended.why) == (strategy, "embedded does not judge drawings or screenshots")
    assert ended.accepted
    assert all(one in ended.trials for one in ended.accepted)


def test_graphics_with_a_judge_of_their_own_are_searched() -> None:
    reader = Juror("reader", mirrors=False)
    assert finish("semantic", problem(reader, graphic=True, absent=("embedded",)), Eyes()).strategy is None


@pytest.mark.parametrize("after", [1, 2, 5])
def test_it_can_be_halted_while_the_original_is_looked_at(after: int) -> None:
    ended = finish("semantic", problem(NET), Eyes(), halt_after=after)
    assert not ended.complete
    assert bool(ended.accepted) != bool(ended.reason)


def test_the_post_s_strategies_are_left_alone() -> None:
    assert not {"resize", "jpeg"} & set(ROUTES)
