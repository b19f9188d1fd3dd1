"""Paths of variants from the output template."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semopt.naming import DEFAULT, Naming, fault

TEMPLATES = [
    DEFAULT,
    "{dir}/{name}.{ext}",
    "out/{dir}/{name}.{ext}",
    "{dir}/{width}/{name}.{ext}",
    "{dir}/{name}@{width}.{format}.{ext}",
]


@pytest.mark.parametrize(
    ("template", "width", "path"),
    [
        (DEFAULT, None, "photos/cat.jpg.semopt.webp"),
        (DEFAULT, 480, "photos/cat.jpg.480w.semopt.webp"),
        ("{dir}/{name}.{ext}", None, "photos/cat.jpg.webp"),
        ("out/{dir}/{name}.{ext}", 480, "out/photos/cat.jpg.480w.webp"),
        ("{dir}/{width}/{name}.{ext}", 480, "photos/480/cat.jpg.webp"),
        ("{dir}/{width}/{name}.{ext}", None, "photos/full/cat.jpg.webp"),
    ],
)
def test_table(template: str, width: int | None, path: str) -> None:
    assert fault(template) is None
    assert Naming(template).path("photos/cat.jpg", ".webp", "webp", width) == path


def test_an_original_at_the_top() -> None:
    assert Naming().path("cat.jpg", ".webp", "webp", None) == "cat.jpg.semopt.webp"


names = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=12)
paths = st.lists(names.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)


@given(paths, st.sampled_from(TEMPLATES), st.none() | st.integers(1, 9999))
def test_every_path_given_is_known_again_and_is_not_the_original(path: str, template: str, width: int | None) -> None:
    naming = Naming(template)
    variant = naming.path(path, ".webp", "webp", width)
    assert naming.could_be(variant)
    assert variant != path


@given(st.lists(paths, min_size=2, max_size=2, unique=True), st.sampled_from(TEMPLATES), st.none() | st.just(480))
def test_two_originals_never_share_a_variant(two: list[str], template: str, width: int | None) -> None:
    one, other = (Naming(template).path(path, ".webp", "webp", width) for path in two)
    assert one != other


@pytest.mark.parametrize(
    "path", ["../x.semopt.webp", "a/../x.semopt.webp", "/x.semopt.webp", "x.jpg", "./x.semopt.webp"]
)
def test_what_could_not_be_a_variant(path: str) -> None:
    assert not Naming().could_be(path)
