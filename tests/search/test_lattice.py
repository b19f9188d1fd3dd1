"""Sizes, qualities, neighbours, order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from semopt.encoders import ENCODERS
from semopt.search.lattice import lattice, neighbours, order, sizes
from semopt.types import Candidate, Source

ALL = tuple(ENCODERS.values())


@given(width=st.integers(1, 20_000), height=st.integers(1, 20_000))
def test_sizes_grow_up_to_the_original(width: int, height: int) -> None:
    found = sizes(Source(width, height, 1))
    assert found[-1] == (width, height)
    assert all(w >= 1 and h >= 1 for w, h in found)
    assert [max(pair) for pair in found] == sorted({max(pair) for pair in found})


def test_steps_are_the_square_root_of_two() -> None:
    assert [max(size) for size in sizes(Source(500, 375, 1))] == [32, 45, 64, 91, 128, 181, 256, 362, 500]


def test_what_a_format_cannot_hold_is_left_out() -> None:
    wide = lattice(Source(40_000, 100, 1), [ENCODERS["webp"], ENCODERS["jpeg"]])
    assert max(one.width for one in wide if one.encoder == "webp") <= 16_383
    assert max(one.width for one in wide if one.encoder == "jpeg") == 40_000


def test_neighbours_are_the_next_size_and_the_next_quality_of_the_same_encoder() -> None:
    candidates = lattice(Source(128, 96, 1), [ENCODERS["webp"], ENCODERS["jpeg"]])
    above = neighbours(candidates)
    at = candidates.index(Candidate("webp", 64, 48, 15))
    assert {candidates[index] for index in above[at]} == {
        Candidate("webp", 91, 68, 15),
        Candidate("webp", 64, 48, 30),
    }
    assert above[candidates.index(Candidate("jpeg", 128, 96, 85))] == []


def test_the_order_is_bytes_then_pixels_then_table_then_quality() -> None:
    ones = [
        (Candidate("webp", 64, 48, 50), 900),
        (Candidate("webp", 91, 68, 5), 1000),
        (Candidate("jpeg", 64, 48, 10), 1000),
        (Candidate("webp", 64, 48, 70), 1000),
    ]
    best = [one for one, size in sorted(ones, key=lambda pair: order(*pair, ALL))]
    assert best == [ones[0][0], ones[3][0], ones[2][0], ones[1][0]]
