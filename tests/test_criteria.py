"""Which scores count as recognised."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semopt.criteria import MOST, Recognised, label_holds, margin, relation, with_default
from semopt.evaluators.families import FAMILY_HEIGHT, HIGHEST, UNRELATED
from semopt.types import EvaluatorError, Keep, Score

GOOD = Score(0.95, kl=0.05, cosine=0.95, kept=0.9, label_before="cat", label="cat", rank=0, family=0, cer=0.0)
POOR = Score(0.5, kl=0.9, cosine=0.5, kept=0.2, label_before="cat", label="dog", rank=3, family=4, cer=0.3)


@pytest.mark.parametrize(
    "keep",
    [
        Keep(similarity=0.9),
        Keep(kl=0.1),
        Keep(cosine=0.9),
        Keep(kept=0.5),
        Keep(cer=0.02),
        Keep(label="same"),
        Keep(label="family"),
        Keep(label="family", family_height=3),
        Keep(similarity=0.9, label="same"),
    ],
)
def test_each_figure_decides(keep: Keep) -> None:
    assert margin(GOOD, keep) > 0
    assert margin(POOR, keep) < 0


def test_top5_is_milder_than_same() -> None:
    assert margin(POOR, Keep(label="top5")) > 0
    assert margin(POOR, Keep(label="same")) < 0


@pytest.mark.parametrize("threshold", [0.5, 0.9, 0.99])
def test_a_threshold_itself_passes(threshold: float) -> None:
    assert margin(Score(threshold), Keep(similarity=threshold)) == pytest.approx(0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_similar_is_never_worse(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert margin(Score(low), Keep(similarity=0.9)) <= margin(Score(high), Keep(similarity=0.9))
    assert -MOST <= margin(Score(low), Keep(similarity=0.9)) <= MOST


def test_a_label_alone_is_never_enough_by_default() -> None:
    assert with_default(Keep(label="same")) == Keep(similarity=0.9, label="same")
    assert with_default(Keep()) == Keep(similarity=0.9)
    assert with_default(Keep(kl=0.1)) == Keep(kl=0.1)
    assert with_default(Keep(cer=0.1)) == Keep(cer=0.1)
    assert with_default(Keep(label="family", family_height=3)) == Keep(0.9, "family", 3)


def test_all_judges_or_as_many_as_must_agree() -> None:
    judges = (("a", Keep(similarity=0.9)), ("b", Keep(similarity=0.9)), ("c", Keep(similarity=0.9)))
    scores = {"a": GOOD, "b": POOR, "c": GOOD}
    assert not Recognised(judges)(scores).passed
    assert Recognised(judges, agree=2)(scores).passed
    assert not Recognised(judges, agree=3)(scores).passed


def test_a_family_reaches_up_to_the_height_that_is_asked_for() -> None:
    heights = {family: replace(GOOD, rank=9, family=family) for family in (0, 1, 2, 3, 4, HIGHEST, UNRELATED)}

    def held(keep: Keep) -> set[int]:
        return {family for family, score in heights.items() if label_holds(score, keep)}

    assert held(Keep(label="family")) == held(Keep(label="family", family_height=FAMILY_HEIGHT)) == {0, 1, 2}
    assert held(Keep(label="family", family_height=4)) == {0, 1, 2, 3, 4}
    assert held(Keep(label="family", family_height=HIGHEST)) == {*heights} - {UNRELATED}


def test_a_judge_without_the_figure_is_named() -> None:
    bare = {"ours": Score(0.99, label="a", label_before="b", rank=1)}
    with pytest.raises(EvaluatorError, match=r"^evaluator 'ours' has no families, .* not ImageNet's; ask for 'label"):
        Recognised((("ours", Keep(label="family")),))(bare)
    with pytest.raises(EvaluatorError, match=r"^evaluator 'ours' gives no 'kl', which 'keep' asks for; remove it, or"):
        Recognised((("ours", Keep(kl=0.1)),))(bare)


def test_how_near_two_answers_are_in_words() -> None:
    said = [relation(replace(GOOD, family=family)) for family in (None, 0, 3, UNRELATED)]
    assert said == ["", "", "family at height 3", "no family"]


@pytest.mark.parametrize("figure", ["kl", "cosine", "kept", "cer"])
def test_a_figure_that_is_no_number_is_not_recognised(figure: str) -> None:
    assert margin(replace(GOOD, **{figure: math.nan}), Keep(**{figure: 0.5})) == -MOST


shares = st.floats(0, 1)
SCORES = st.builds(
    Score,
    shares,
    kl=st.floats(0, 50),
    cosine=st.floats(-1, 1),
    kept=shares,
    rank=st.integers(0, 9),
    family=st.sampled_from([0, 1, 2, 3, HIGHEST, UNRELATED]),
    cer=shares,
)
KEEPS = st.builds(
    Keep,
    similarity=st.none() | shares,
    label=st.sampled_from([None, "same", "top5", "family"]),
    family_height=st.none() | st.integers(1, HIGHEST),
    kept=st.none() | shares,
    kl=st.none() | st.floats(0, 50),
    cosine=st.none() | st.floats(-1, 1),
    cer=st.none() | shares,
)
BETTER = {"similarity": max, "kl": min, "cosine": max, "kept": max, "rank": min, "family": min, "cer": min}


@given(SCORES, SCORES, KEEPS, st.sampled_from(sorted(BETTER)))
def test_a_better_figure_is_never_worse(score: Score, other: Score, keep: Keep, figure: str) -> None:
    best = BETTER[figure](getattr(score, figure), getattr(other, figure))
    assert margin(replace(score, **{figure: best}), keep) >= margin(score, keep)


@given(SCORES, KEEPS, KEEPS)
def test_what_is_asked_for_together_is_what_is_asked_for_one_by_one(score: Score, keep: Keep, other: Keep) -> None:
    fields = [one.name for one in dataclasses.fields(Keep) if one.name not in ("label", "family_height")]
    alone = [Keep(**{field: getattr(keep, field)}) for field in fields]
    alone.append(Keep(label=keep.label, family_height=keep.family_height))
    assert margin(score, keep) == min(margin(score, one) for one in alone)
    assert -MOST <= margin(score, other) <= MOST


@given(st.lists(st.tuples(SCORES, KEEPS), min_size=1, max_size=4))
def test_fewer_who_must_agree_never_refuse_more(judged: list[tuple[Score, Keep]]) -> None:
    judges = tuple((str(number), keep) for number, (_, keep) in enumerate(judged))
    scores = {str(number): score for number, (score, _) in enumerate(judged)}
    verdicts = [Recognised(judges, agree)(scores) for agree in range(1, len(judges) + 1)]
    assert all(verdict.passed == (verdict.margin >= 0) for verdict in verdicts)
    assert [verdict.margin for verdict in verdicts] == sorted((one.margin for one in verdicts), reverse=True)
    assert verdicts[-1] == Recognised(judges)(scores)
    content = sum(margin(scores[name], keep) >= 0 for name, keep in judges)
    assert [verdict.passed for verdict in verdicts] == [agree <= content for agree in range(1, len(judges) + 1)]
