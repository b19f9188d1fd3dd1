"""What is believed of an image before and after something was seen of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from semopt.encoders import ENCODERS
from semopt.search.curves import Curves
from semopt.search.typical import TYPICAL
from semopt.types import Candidate, Encoder

WEBP, AVIF, JPEG = (ENCODERS[name] for name in ("webp", "avif", "jpeg"))
LARGE, SMALL = (512, 384), (256, 192)


@pytest.fixture
def curves() -> Curves:
    return Curves(TYPICAL, (JPEG, WEBP, AVIF), (SMALL, LARGE))


@pytest.mark.parametrize("encoder", [WEBP, AVIF, JPEG], ids=lambda encoder: str(encoder.name))
def test_figures_and_bytes_rise_with_quality(curves: Curves, encoder: Encoder) -> None:
    name = encoder.name
    figures, deviations = curves.figures(name, LARGE, range(10, 91, 20))
    sizes = curves.bytes(name, LARGE, range(10, 91, 20))
    assert list(figures) == sorted(figures)
    assert list(sizes) == sorted(sizes)
    assert all(0.5 < deviation < 20 for deviation in deviations)
    assert math.exp(sizes[-1]) < 512 * 384


@pytest.mark.parametrize(
    ("encoder", "size", "quality", "least"),
    [("webp", LARGE, 72, 0.6), ("avif", LARGE, 58, 0.05), ("jpeg", LARGE, 70, 0.1), ("webp", SMALL, 75, 0.1)],
)
def test_a_figure_tells_of_all_others_and_most_of_its_neighbours(
    curves: Curves, encoder: str, size: tuple[int, int], quality: int, least: float
) -> None:
    before, unsure = curves.figures(encoder, size, [quality])
    seen = Candidate("webp", *LARGE, 75)
    expected, _ = curves.figures("webp", LARGE, [75])
    curves.figure_seen(seen, float(expected[0]) - 3)
    after, surer = curves.figures(encoder, size, [quality])
    assert before[0] - after[0] > 3 * least
    assert surer[0] < unsure[0]


def test_bytes_tell_of_figures(curves: Curves) -> None:
    before, unsure = curves.figures("webp", LARGE, [75])
    for one in (Candidate("webp", *LARGE, 75), Candidate("jpeg", *LARGE, 70), Candidate("avif", *LARGE, 58)):
        size = curves.bytes(one.encoder, LARGE, [one.quality or 0])[0]
        curves.bytes_seen(one, math.exp(size))
    after, surer = curves.figures("webp", LARGE, [75])
    assert after[0] == pytest.approx(before[0], abs=0.01)
    assert surer[0] < 0.9 * unsure[0]


def test_what_surprises_makes_everything_less_sure(curves: Curves) -> None:
    usual, odd = curves, Curves(TYPICAL, (JPEG, WEBP, AVIF), (SMALL, LARGE))
    expected, deviation = usual.figures("webp", LARGE, [75])
    usual.figure_seen(Candidate("webp", *LARGE, 75), float(expected[0]))
    odd.figure_seen(Candidate("webp", *LARGE, 75), float(expected[0] - 5 * deviation[0]))
    assert odd.figures("jpeg", LARGE, [70])[1][0] > 1.5 * usual.figures("jpeg", LARGE, [70])[1][0]


def test_a_thumbnail_tells_little_of_a_large_picture_and_its_surprises_nothing() -> None:
    tiny, size = (60, 45), (300, 225)
    curves = Curves(TYPICAL, (JPEG, WEBP, AVIF), (tiny, size))
    before, unsure = curves.figures("webp", size, [75])
    for one in (Candidate("webp", *tiny, 75), Candidate("jpeg", *tiny, 70)):
        curves.bytes_seen(one, 4 * math.exp(curves.bytes(one.encoder, tiny, [one.quality or 0])[0]))
        expected, deviation = curves.figures(one.encoder, tiny, [one.quality or 0])
        curves.figure_seen(one, float(expected[0] + 5 * deviation[0]))
    after, still = curves.figures("webp", size, [75])
    assert still[0] <= unsure[0]
    assert after[0] == pytest.approx(before[0], abs=unsure[0])


def test_headers_are_a_large_part_of_a_small_file() -> None:
    sizes = [(64, 48), (192, 144)]
    curves = Curves(TYPICAL, (JPEG, WEBP, AVIF), sizes)
    for name, quality in (("webp", 75), ("avif", 58), ("jpeg", 70)):
        small, large = (math.exp(curves.bytes(name, (w, h), [quality])[0]) / (w * h) for w, h in sizes)
        assert small > 1.3 * large


def test_an_encoder_that_was_never_fitted_learns_from_its_own_trials() -> None:
    typical = replace(TYPICAL, lines={name: line for name, line in TYPICAL.lines.items() if name != "webp"})
    curves = Curves(typical, (JPEG, WEBP), (LARGE,))
    before, unsure = curves.figures("webp", LARGE, [40, 60])
    curves.figure_seen(Candidate("webp", *LARGE, 40), float(before[0]) + 10)
    curves.bytes_seen(Candidate("webp", *LARGE, 40), 20_000)
    after, surer = curves.figures("webp", LARGE, [40, 60])
    assert all(after - before > 8)
    assert all(surer < 0.7 * unsure)
    assert math.exp(curves.bytes("webp", LARGE, [40])[0]) == pytest.approx(20_000, rel=0.05)
