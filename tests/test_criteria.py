"""Which scores count as recognised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semopt.criteria import MOST, Recognised, margin, with_default
from semopt.types import Keep, Score

GOOD = Score(0.95, kl=0.05, cosine=0.95, kept=0.9, label_before="cat", label="cat", rank=0, cer=0.0)
POOR = Score(0.5, kl=0.9, cosine=0.5, kept=0.2, label_before="cat", label="dog", rank=3, cer=0.3)


@pytest.mark.parametrize(
    "keep",
    [
        Keep(similarity=0.9),
        Keep(kl=0.1),
        Keep(cosine=0.9),
        Keep(kept=0.5),
        Keep(cer=0.02),
        Keep(label="same"),
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


def test_all_judges_or_as_many_as_must_agree() -> None:
    judges = (("a", Keep(similarity=0.9)), ("b", Keep(similarity=0.9)), ("c", Keep(similarity=0.9)))
    scores = {"a": GOOD, "b": POOR, "c": GOOD}
    assert not Recognised(judges)(scores).passed
    assert Recognised(judges, agree=2)(scores).passed
    assert not Recognised(judges, agree=3)(scores).passed
