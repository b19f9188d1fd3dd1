"""Globs over the paths of a tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semopt.globs import matcher


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("photos/**", "photos/cat.jpg", True),
        ("photos/**", "photos/a/b/cat.jpg", True),
        ("photos/**", "other/photos/cat.jpg", False),
        ("**", "anything/at/all.png", True),
        ("**/cat.jpg", "cat.jpg", True),
        ("**/cat.jpg", "a/b/cat.jpg", True),
        ("**/cat.jpg", "a/bobcat.jpg", False),
        ("a/**/b.png", "a/b.png", True),
        ("a/**/b.png", "a/x/y/b.png", True),
        ("team/*.jpg", "team/me.JPG", True),
        ("team/*.jpg", "team/x/me.jpg", False),
        ("team/*.jpg", "Team/me.jpg", False),
        ("*.jpg", "a/b.jpg", False),
        ("?.png", "a.png", True),
        ("?.png", "ab.png", False),
        ("[ab].png", "a.png", True),
        ("[!ab].png", "c.png", True),
        ("[!ab].png", "a.png", False),
        ("[z-a].png", "[z-a].png", True),
        ("a[1.jpg", "a[1.jpg", True),
        ("photos/", "photos/deep/cat.jpg", True),
        ("with space/*", "with space/new\nline.png", True),
        ("v1.2/*", "v1.2/cat.jpg", True),
    ],
)
def test_table(glob: str, path: str, matches: bool) -> None:
    assert matcher([glob])(path) is matches


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_text_is_a_glob(glob: str, path: str) -> None:
    assert matcher([glob])(path) in (True, False)


@given(st.text(alphabet="abc. /-_", min_size=1))
def test_a_plain_name_matches_itself(name: str) -> None:
    if not name.endswith("/"):
        assert matcher([name])(name)
