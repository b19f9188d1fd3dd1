"""Finds the tags of a page that a browser would see as such, with the places of their attributes.

Follows the tokenisation of the HTML standard (13.2.5) as far as it decides what is a tag: comments, CDATA, elements
whose content is text, the double escape of scripts. Nothing is built and nothing is mended: whoever changes a page by
these places leaves every other character as it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

RAW = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
"""Elements whose content is text up to their end tag."""

_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"[\s/]*(?:([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"'][^\s>]*)))?)")
_OPEN = re.compile(r"\s*=\s*([\"']|\Z)")
"""Behind an attribute's name: a value that the page does not end."""

_END = re.compile(r"[\s/]*>")
_COMMENT_END = re.compile(r"--!?>")


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag. name: in lower case. start, end: where it stands in the page. closes: an end tag.

    attributes: the first of each name counts, values without entities, "" where there is none. own: `/` before `>`.
    """

    name: str
    start: int
    end: int
    closes: bool
    own: bool
    attributes: dict[str, str]


def tags(page: str) -> Iterator[Tag]:
    """Every tag in order."""
    at, foreign = 0, 0
    while (at := page.find("<", at)) >= 0:
        tag = _tag(page, at)
        if tag is None:
            at = _beyond(page, at, foreign > 0)
            continue
        yield tag
        at = tag.end
        if tag.name in ("svg", "math") and not (tag.own and not tag.closes):
            foreign = max(0, foreign + (-1 if tag.closes else 1))
        if not tag.closes and not foreign and tag.name in RAW:
            at = _raw_end(page, at, tag.name)
        if not tag.closes and tag.name == "plaintext":
            return


def _tag(page: str, at: int) -> Tag | None:
    """The tag at a `<`; None where there is none, or where the page ends in it."""
    head = _TAG.match(page, at)
    if head is None:
        return None
    attributes: dict[str, str] = {}
    place = head.end()
    while not (end := _END.match(page, place)):
        found = _ATTRIBUTE.match(page, place)
        value = next((one for one in found.group(2, 3, 4) if one is not None), None) if found else None
        if found is None or (value is None and _OPEN.match(page, found.end())):
            return None  # the page ends in the tag
        attributes.setdefault(found[1].lower(), html.unescape(value or ""))
        place = found.end()
    return Tag(head[1].lower(), at, end.end(), page[at + 1] == "/", page[end.end() - 2] == "/", attributes)


def _beyond(page: str, at: int, foreign: bool) -> int:
    """Where to go on after a `<` that begins no tag: behind a comment and the like, or one character on."""
    if page.startswith("<!--", at):
        if page.startswith((">", "->"), at + 4):
            return page.index(">", at) + 1
        end = _COMMENT_END.search(page, at + 4)
        return end.end() if end else len(page)
    if page.startswith("<%", at):  # of a template language: code, not markup
        return _after(page, "%>", at, at + 2)
    if foreign and page.startswith("<![CDATA[", at):
        return _after(page, "]]>", at, len(page))
    if page.startswith("<?php", at):
        return _after(page, "?>", at, len(page))
    if page.startswith(("<!", "<?", "</"), at):
        return _after(page, ">", at, len(page))
    return at + 1


def _after(page: str, mark: str, at: int, otherwise: int) -> int:
    found = page.find(mark, at)
    return found + len(mark) if found >= 0 else otherwise


def _raw_end(page: str, at: int, name: str) -> int:
    """Where the end tag of an element with text in it begins; the page's end where there is none."""
    ends = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    if name != "script":
        found = ends.search(page, at)
        return found.start() if found else len(page)
    escaped = doubled = False
    for found in re.finditer(r"<!---*>|<!--|-->|</?script(?=[\s/>])", page[at:], re.IGNORECASE):
        text = found[0].lower()
        if text == "<!--":
            escaped = True
        elif text.endswith("->"):
            escaped = doubled = False
        elif text == "<script":
            doubled = doubled or escaped
        elif doubled:
            doubled = False
        else:
            return at + found.start()
    return len(page)
