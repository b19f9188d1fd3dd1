"""Checks of single values. A check is a small value that reads one node; a schema is a table of them.

A check is called with a Place. It returns what it read, or reports a fault there and raises Wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from semopt.config.faults import Faults, advise, show
from semopt.config.nodes import Node

Check = Callable[["Place"], Any]

MAX_TEXT = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([kKMGT]?)(B?)")
_UNITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Wrong(Exception):
    """What stands here is of no use; the fault was reported."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node and where it stands. path: for messages. generic: the same without indices and names of the user's own.

    later: what is known but not in this version, as `schema.LATER`.
    """

    node: Node
    faults: Faults
    later: Collection[str] = ()
    path: str = ""
    generic: str = ""

    def key(self, name: str, node: Node) -> Place:
        """The place of a key of the schema."""
        return replace(self.named(name, node), generic=f"{self.generic}.{name}".lstrip("."))

    def named(self, name: str, node: Node) -> Place:
        """The place of a key that the user named."""
        shown = name if re.fullmatch(r"[\w.-]{1,60}", name) else show(name)
        return Place(node, self.faults, self.later, f"{self.path}.{shown}".lstrip("."), self.generic)

    def item(self, index: int, node: Node) -> Place:
        """The place of an item of a list."""
        return Place(node, self.faults, self.later, f"{self.path}[{index}]", self.generic)

    def fault(self, text: str) -> Wrong:
        """Report a fault here. A check raises what this returns."""
        if self.node.sort != "refused":
            self.faults.add(text, self.node.line, self.path)
        return Wrong()

    def wrong(self, expected: str, hint: str = "") -> Wrong:
        """Report that this is not what was expected. A check raises what this returns."""
        return self.fault(f"expected {expected}, found {self.node.found()}{hint}")

    def read(self, check: Check) -> Any:
        """What the check reads here, None where it was wrong."""
        try:
            return check(self)
        except Wrong:
            return None

    def read_now(self, check: Check) -> Any:
        """The same, and None also for what is right but not in this version, which is reported."""
        before, read = len(self.faults), self.read(check)
        if len(self.faults) > before or not (self.generic in self.later or self.not_yet(self.node.text)):
            return read
        if self.generic in self.later or self.node.sort == "flag":
            self.fault("is not in this version of semopt yet; remove it")
        else:
            self.fault(f"{self.node.found()} is not in this version of semopt yet; choose another")
        return None

    def not_yet(self, text: str) -> bool:
        """Whether this value of this key is for a later version."""
        return f"{self.generic}: {text}" in self.later


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds, both included. whole: no fraction."""

    expected: str
    low: float = float("-inf")
    high: float = float("inf")
    whole: bool = False

    def __call__(self, place: Place) -> int | float:
        """Read a number; text and truth values are none."""
        number = place.node.number
        if number is None or not self.low <= number <= self.high or (self.whole and not isinstance(number, int)):
            raise place.wrong(self.expected, _number_hint(place.node))
        return number if self.whole else float(number)


def _number_hint(node: Node) -> str:
    """How to write what was probably meant as a number."""
    if node.sort == "text" and not node.plain and re.fullmatch(r"-?[0-9.]+", node.text):
        return "; remove the quotes"
    if percent := re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%", node.text):
        return f"; write {float(percent[1]) / 100:g}"
    return "; a number does not begin with 0" if re.fullmatch(r"0[0-9]{1,20}", node.text) and node.plain else ""


@dataclass(frozen=True, slots=True)
class Size:
    """A whole number of pixels or bytes, with decimal units: `50M`, `100MB`, `1500000`."""

    expected: str
    bytes: bool = True

    def __call__(self, place: Place) -> int:
        """Read a size of at least one."""
        parts = _SIZE.fullmatch(place.node.text) if place.node.sort in ("number", "text") else None
        if not parts or (parts[3] and not self.bytes):
            raise place.wrong(self.expected)
        size = float(parts[1]) * _UNITS[parts[2]]
        if not 1 <= size <= 10**15 or size != round(size):
            raise place.wrong(self.expected)
        return round(size)


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`, and no other word for them."""

    def __call__(self, place: Place) -> bool:
        """Read a truth value."""
        if place.node.sort != "flag":
            raise place.wrong("true or false")
        return place.node.text == "true"


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is not blank. pattern: what the whole of it must match."""

    expected: str
    pattern: str = r"[\s\S]*"

    def __call__(self, place: Place) -> str:
        """Read text; what YAML takes for something else must be in quotes."""
        node = place.node
        if node.sort in ("number", "flag", "odd"):
            raise place.wrong(self.expected, "; put it in quotes if it is meant as text")
        if node.sort != "text" or not node.text.strip() or not re.fullmatch(self.pattern, node.text):
            raise place.wrong(self.expected)
        if len(node.text) > MAX_TEXT:
            raise place.fault(f"expected at most {MAX_TEXT} characters, found {len(node.text)}")
        if _CONTROL.search(node.text):
            raise place.fault(f"{show(node.text)} holds a control character; remove it")
        return node.text


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some names. what: "a strategy"."""

    what: str
    names: tuple[str, ...]

    def __call__(self, place: Place) -> str:
        """Read a name, and say which was meant where it is none."""
        text = place.node.text
        if not place.node.scalar or place.node.sort == "nothing":
            raise place.wrong(self.what)
        if text not in self.names:
            now = [name for name in self.names if not place.not_yet(name)]
            raise place.fault(f"{show(text)} is not {self.what}{advise(text, now)}")
        return text
