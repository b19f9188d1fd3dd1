"""Which file stands for which original."""

from __future__ import annotations

import pytest

from semopt.against.pairs import paired


@pytest.mark.parametrize(
    "other",
    ["a/cat.jpg", "a/cat.jpg.webp", "a/cat.webp", "a/cat.480w.webp", "a/cat-480.webp", "a/cat_480x320.avif",
     "a/cat@2x.png", "a/cat.jpg.480w.semopt.webp", "a/cat.jpg.semopt.webp", "a/cat-480w@2x.webp"],
)  # fmt: skip
def test_names_that_tools_give(other: str) -> None:
    assert paired(["a/cat.jpg", "cat.jpg"], [other]).found == {"a/cat.jpg": [other], "cat.jpg": []}


@pytest.mark.parametrize("other", ["cat.webp", "a/cats.webp", "a/b/cat.webp", "a/cat-small.webp", "a/480w.webp"])
def test_other_names_stand_for_nothing(other: str) -> None:
    pairs = paired(["a/cat.jpg"], [other])
    assert (pairs.found, pairs.alone) == ({"a/cat.jpg": []}, {other: "no original has such a name"})


def test_two_originals_of_one_stem_are_told_apart_by_suffix_or_not_at_all() -> None:
    pairs = paired(["cat.jpg", "cat.png"], ["cat.webp", "cat.png.webp", "cat-480.jpg", "cat.jpg"])
    assert pairs.found == {"cat.jpg": ["cat-480.jpg", "cat.jpg"], "cat.png": ["cat.png.webp"]}
    assert pairs.alone == {"cat.webp": "may stand for cat.jpg or cat.png"}


def test_a_number_that_belongs_to_the_name_is_no_width() -> None:
    pairs = paired(["tour-10.jpg", "tour.jpg"], ["tour-10.webp", "tour-20.webp"])
    assert pairs.found == {"tour-10.jpg": ["tour-10.webp"], "tour.jpg": ["tour-20.webp"]}


def test_an_original_may_have_many_files() -> None:
    assert paired(["a.jpg"], ["a.480w.webp", "a.avif", "a.jpg"]).found == {"a.jpg": ["a.480w.webp", "a.avif", "a.jpg"]}


def test_names_that_are_all_mark() -> None:
    assert paired(["-480.jpg", "12.jpg"], ["-480.webp", "12.webp"]).alone == {}
