"""Tags as browsers see them: held against html5lib, which follows the standard step by step."""

from __future__ import annotations

import random
from typing import Any

import pytest

from semopt.markup.tags import tags

PIECES = (
    *("<img src=a>", '<IMG SRC="b"', "<img ", "src=", '"', "'", ">", "/>", "<!--", "-->", "--!>", "<!-->", " ", "\n"),
    *("<script>", "</script>", "<SCRIPT ", "<style>", "</style>", "</style ", "<title>", "</title>", "<textarea>"),
    *("</textarea>", "=", "<", "</", "</p>", "<p", "a", "<!x", "<?x", "<!doctype html>", "</ ", "<br/>", "alt", "/"),
    *("&quot;", "<a b=c d", "<xmp>", "</xmp>", "-", "--"),
)


def sources(page: str) -> list[str]:
    """The `src` of every image that we see."""
    return [tag.attributes.get("src", "") for tag in tags(page) if tag.name == "img" and not tag.closes]


def seen_by_html5lib(page: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The `src` of every image that its tokenizer sees, with the states that its parser puts it into."""
    html5lib = pytest.importorskip("html5lib")
    tokenizer = html5lib._tokenizer.HTMLTokenizer
    real, found = tokenizer.__iter__, []

    def watched(self: Any) -> Any:
        for token in real(self):
            if token["type"] == html5lib.constants.tokenTypes["StartTag"] and token["name"].lower() == "img":
                found.append(dict(token["data"]).get("src", ""))
            yield token

    with monkeypatch.context() as patched:
        patched.setattr(tokenizer, "__iter__", watched)
        html5lib.HTMLParser(namespaceHTMLElements=False).parse(page)
    return found


def test_the_same_images_as_html5lib(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    met = 0
    for _ in range(3000):
        page = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 14)))
        expected = seen_by_html5lib(page, monkeypatch)
        assert sources(page) == expected, page
        met += len(expected)
    assert met > 300


@pytest.mark.parametrize(
    "page",
    [
        "<!-- <img src=x> -->",
        "<!-- a --!><!-- <img src=x>",
        "<script>'<img src=x>'</script>",
        "<script><!-- <script> </script> <img src=x> --></script>",
        "<SCRIPT>a</scriptx><img src=x></SCRIPT >",
        "<title><img src=x></title>",
        '<a title="<img src=x>">',
        "<svg><![CDATA[<img src=x>]]></svg>",
        "<% if true %><% '<img src=x>' %>",
        "<?php echo '<img src=x>'; ?>",
        "<plaintext><img src=x>",
        "<img src=x",
        "<img src='x>",
    ],
)
def test_what_is_no_image(page: str) -> None:
    assert sources(page) == []


def test_attributes_are_read_as_browsers_do() -> None:
    (tag,) = tags("<IMG Src=a&amp;b ALT='x > y' src=second data-x disabled/>")
    assert tag.attributes == {"src": "a&b", "alt": "x > y", "data-x": "", "disabled": ""}
    assert (tag.name, tag.closes, tag.own) == ("img", False, True)
