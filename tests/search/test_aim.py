"""Where the next probe goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from semopt.search.aim import CLOSE, Prospect, aim, together
from semopt.types import Candidate

CHANCES = (0.01, 0.3, 0.7, 0.9, 0.99, 1.0)


def prospect(
    encoder: str, served: float = 10_000, found: bool = False, tried: bool = False, chances: Sequence[float] = CHANCES
) -> Prospect:
    """Qualities 1 to 6 of 1,000 to 6,000 bytes."""
    ones = [Candidate(encoder, 400, 300, quality) for quality in range(1, 7)]
    sizes = np.log([1000.0 * quality for quality in range(1, 7)])
    return Prospect(ones, np.array(chances), sizes, math.log(served), found, tried)


def test_with_a_probe_to_spare_the_newest_format_is_aimed_at() -> None:
    assert aim([prospect("jpeg"), prospect("avif")], 3) == Candidate("avif", 400, 300, 3)


def test_the_last_chance_of_a_format_is_sure() -> None:
    assert aim([prospect("jpeg"), prospect("avif")], 2) == Candidate("jpeg", 400, 300, 5)
    assert aim([prospect("jpeg", found=True, served=1000), prospect("avif")], 1) == Candidate("avif", 400, 300, 5)


def test_where_nothing_is_sure_the_best_chance_is_taken() -> None:
    assert aim([prospect("jpeg", chances=(0, 0, 0.1, 0.2, 0.5, 0.4))], 1) == Candidate("jpeg", 400, 300, 5)


def test_what_is_left_goes_where_most_is_saved() -> None:
    found = [prospect("jpeg", 5000, found=True), prospect("avif", 3500, found=True)]
    assert aim(found, 1) == Candidate("jpeg", 400, 300, 3)


def test_what_would_be_no_smaller_or_has_no_chance_is_left_alone() -> None:
    assert aim([prospect("jpeg", served=900)], 4) is None
    assert aim([prospect("jpeg", tried=True, chances=[0.001] * 6)], 4) is None
    assert aim([], 4) is None


@pytest.mark.parametrize(("apart", "quality"), [(-0.9, 2), (0.9, 2), (-1.1, 3), (1.1, 3)])
def test_what_was_encoded_for_a_probe_is_measured_where_it_is_close(apart: float, quality: int) -> None:
    one = prospect("jpeg")
    one.bytes[1] = one.bytes[2] + apart * CLOSE
    fresh = one.candidates[1]
    chances = np.array([0.01, 0.5, 0.7, 0.9, 0.99, 1.0])
    assert aim([replace(one, chances=chances)], 2, fresh) == Candidate("jpeg", 400, 300, quality)
    assert aim([replace(one, chances=chances)], 2) == Candidate("jpeg", 400, 300, 3)


def test_what_was_encoded_of_another_format_changes_nothing() -> None:
    assert aim([prospect("jpeg")], 2, Candidate("avif", 400, 300, 3)) == Candidate("jpeg", 400, 300, 3)


def test_one_file_of_any_format_is_one_prospect() -> None:
    whole = together([prospect("jpeg", 5000, found=True), prospect("avif", 4000)])
    assert (len(whole.candidates), whole.found, whole.tried) == (12, True, False)
    assert whole.served == math.log(4000)
