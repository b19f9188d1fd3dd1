"""What is said of size and shape."""

from __future__ import annotations

import pytest

from semopt.against.compared import Compared, notes


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ((400, 300), (200, 150), ""),
        ((451, 300), (128, 85), ""),
        ((451, 300), (128, 86), ""),
        ((4000, 3), (400, 1), ""),
        ((400, 300), (300, 400), "lies on its side (300x400 of 400x300 px): its orientation was lost"),
        ((400, 300), (300, 300), "cropped or stretched (300x300 of 400x300 px)"),
        ((400, 300), (200, 160), "cropped or stretched (200x160 of 400x300 px)"),
    ],
)
def test_shapes(before: tuple[int, int], now: tuple[int, int], said: str) -> None:
    assert list(notes(Compared("a", "a", "ok", "", (), 9, 9, *before, *now))) == ([said] if said else [])


def test_larger_than_the_original() -> None:
    assert list(notes(Compared("a", "a", "ok", "", (), 1000, 3500, 9, 9, 9, 9))) == [
        "2,500 bytes larger than the original"
    ]


def test_as_a_finding_the_original_is_named_where_it_is_another() -> None:
    assert Compared("a.jpg", "a.jpg", "failed", "is text").finding.reason == "is text"
    found = Compared("a.jpg", "a.webp", "failed", "is text", ("note",)).finding
    assert (found.path, found.reason) == ("a.webp", "is text (its original: a.jpg); note")
