"""What every strategy of the registry promises, over a world of real encoders and a judge that counts pixels."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from conftest import drawing, driven, encoded, photo
from semopt import perceptual
from semopt.criteria import Recognised
from semopt.encoders import ENCODERS
from semopt.strategies import FORMATS, NAMES, default_for, strategies
from semopt.types import (
    Candidate,
    Encode,
    Keep,
    Measure,
    Metadata,
    Problem,
    Score,
    SearchResult,
    Source,
    Strategy,
)

STRATEGIES = strategies()
RULE = Recognised((("judge", Keep(similarity=0.9)),))
ALL = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=NAMES)


class World:
    """Answers with real bytes of a real picture."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image

    def content(self, one: Candidate) -> bytes:
        image = self.image.resize((one.width, one.height))
        if one.chain:
            image = Image.open(io.BytesIO(self.content(replace(one, quality=one.chain[-1], chain=one.chain[:-1]))))
        return ENCODERS[one.encoder].encode(image, one.quality, Metadata())

    def answer(self, request: Any) -> list[Any]:
        if isinstance(request, Encode):
            return [len(self.content(one)) for one in request.candidates]
        if isinstance(request, Measure):
            return [self.figure(one, request.metric) for one in request.candidates]
        return [{"judge": self.score(one)} for one in request.candidates]

    def score(self, one: Candidate) -> Score:
        """A judge that counts pixels, and takes what is small or very coarse for something else."""
        lost = max(one.width, one.height) < 50 or (one.quality is not None and one.quality < 4)
        return Score(min(1.0, max(one.width, one.height) / 100), rank=int(lost))

    def figure(self, one: Candidate, metric: str) -> float:
        back = Image.open(io.BytesIO(self.content(one))).convert("RGB")
        if metric == "identical":
            return float(perceptual.identical(self.image, back))
        return perceptual.ssimulacra2(perceptual.sample(self.image), back)


def problem(strategy: Strategy, image: Image.Image, size: int, **more: Any) -> Problem:
    encoders = tuple(ENCODERS[name] for name in strategy.formats)
    return Problem(Source(*image.size, size, **more), encoders, strategy.write, RULE, {"ssimulacra2": 70})


def finish(strategy: Strategy, image: Image.Image, given: Problem, halt_after: int | None = None) -> SearchResult:
    return driven(strategy.search(given), World(image).answer, halt_after)


@ALL
def test_its_row_makes_sense(strategy: Strategy) -> None:
    assert STRATEGIES[strategy.name] is strategy
    assert strategy.formats == FORMATS[strategy.name]
    assert set(strategy.formats) <= set(ENCODERS)
    assert strategy.audience in ("people", "machines")
    assert strategy.write in ("smallest", "each")


@ALL
@pytest.mark.parametrize("image", [photo(140, 105), drawing(140, 105)], ids=["photo", "drawing"])
def test_what_it_accepts_is_smaller_than_the_original_and_a_trial(strategy: Strategy, image: Image.Image) -> None:
    size = len(encoded(image, "PNG", compress_level=0))
    ended = finish(strategy, image, problem(strategy, image, size))
    assert bool(ended.accepted) != bool(ended.reason)
    assert ended.accepted or strategy.name == "skip"
    assert all(one in ended.trials for one in ended.accepted)
    assert all(trial.bytes < size for trial in ended.accepted)
    if strategy.audience == "people":
        assert all((one.candidate.width, one.candidate.height) == image.size for one in ended.accepted)


@ALL
def test_it_keeps_an_original_that_is_tiny_already(strategy: Strategy) -> None:
    ended = finish(strategy, photo(60, 40), problem(strategy, photo(60, 40), 60))
    assert not ended.accepted
    assert ended.reason


@ALL
@pytest.mark.parametrize("after", [1, 2, 4])
def test_it_can_be_halted(strategy: Strategy, after: int) -> None:
    image = photo(140, 105)
    ended = finish(strategy, image, problem(strategy, image, 60_000), halt_after=after)
    assert all(one in ended.trials for one in ended.accepted)
    assert bool(ended.accepted) != bool(ended.reason)


def test_lossless_refuses_what_eight_bits_cannot_hold() -> None:
    image = photo(50, 40)
    ended = finish(STRATEGIES["lossless"], image, problem(STRATEGIES["lossless"], image, 10**6, exact=False))
    assert "8 bits" in ended.reason


def test_the_default_without_rules() -> None:
    assert default_for(graphic=True) == "lossless"
    assert default_for(graphic=False) == "both"
