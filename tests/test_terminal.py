"""How things are written for people."""

from __future__ import annotations

import io

import pytest

from semopt.bar import said
from semopt.terminal import coloured, columns, fitted, painted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "text", ["", "a", "photos/**", "日本語" * 9, "x" * 80, "e\u0301" * 40, "a日" * 20, "日" * 40 + "x"]
)
@pytest.mark.parametrize("width", [8, 9, 27, 37])
def test_a_fitted_text_has_just_so_many_columns(text: str, width: int) -> None:
    assert columns(fitted(text, width)) == width


def test_a_long_name_keeps_both_ends() -> None:
    assert fitted("photos/2020/summer/a-picture-of-a-cat.jpg", 20) == "photos/…of-a-cat.jpg"


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert painted("no", "red", stream=Terminal()) == "\x1b[31mno\x1b[0m"
    assert painted("no", "red", stream=io.StringIO()) == "no"
    assert painted("no", stream=Terminal()) == "no"
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured(Terminal())
    monkeypatch.setenv("NO_COLOR", "")
    assert coloured(Terminal()), "no-color.org: when present and not an empty string"
    monkeypatch.setenv("TERM", "dumb")
    assert not coloured(Terminal())


def test_what_the_bar_says() -> None:
    assert said(0, 100, 3.0, None, 0) == ""
    assert said(10, 100, 5.0, None, 1_234_567) == ", 1.23 MB saved, 2.0/s, 0:45 left"
    assert said(10, 100, 5.0, 0.01, 0) == ", 0 B saved, 100.0 s each, 2:30:00 left"
    assert said(100, 100, 5.0, 20.0, -5) == ", 0 B saved, 20.0/s, 0:00 left"
