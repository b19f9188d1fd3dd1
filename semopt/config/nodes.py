"""YAML text to nodes that know their line. No alias, anchor, tag or second document passes, and the work is bounded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from yaml.reader import Reader

from semopt.config.faults import Faults, show

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
# PyYAML without libyaml needs up to 25 us a value: this keeps the worst 256 KiB under a second
MAX_VALUES = 20_000

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RESOLVER: Any = yaml.resolver.Resolver()
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{0,20})?([eE][-+]?[0-9]{1,3})?|-?\.[0-9]{1,20}")
_HINTS = {
    "while scanning an alias": "a value that begins with '*' must be in quotes",
    "while scanning an anchor": "a value that begins with '&' must be in quotes",
    "at '\\t'": "indent with spaces, not with tabs",
    "cannot start any token": "put the value in quotes",
    "mapping values are not allowed": "check the indentation, and put a value that holds ': ' in quotes",
}

Sort = Literal["nothing", "flag", "number", "text", "odd", "list", "mapping", "refused"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file. line counts from 1. plain: a scalar without quotes. sort "refused": reported already."""

    line: int
    sort: Sort
    text: str = ""
    plain: bool = False
    items: tuple[Node, ...] = ()
    pairs: tuple[tuple[Node, Node], ...] = ()

    @property
    def scalar(self) -> bool:
        """Whether this is a single value."""
        return self.sort not in ("list", "mapping", "refused")

    @property
    def number(self) -> int | float | None:
        """The number, None where this is none. Never a bool, nan or infinity."""
        if self.sort != "number":
            return None
        number = float(self.text)
        if re.fullmatch(r"-?[0-9]+", self.text):
            return int(self.text)
        return number if math.isfinite(number) else None

    def found(self) -> str:
        """What this is, for the end of a sentence."""
        if self.sort in ("list", "mapping"):
            return f"{'a' if self.items or self.pairs else 'an empty'} {self.sort}"
        return {"nothing": "nothing", "flag": self.text, "number": self.text[:60]}.get(self.sort, show(self.text))


def read(source: bytes, faults: Faults) -> Node | None:
    """The top node, None where the file holds nothing. Raises ConfigError where the rest cannot be read."""
    text = _decode(source, faults)
    try:
        return _Composer(yaml.parse(text, Loader=LOADER), faults).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.stop(_syntax(error, text), mark.line + 1 if mark else 0)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        # PyYAML's own scanner lets out ValueError and OverflowError for "\UFFFFFFFF" and for `%YAML` with 5,000 digits
        faults.stop(f"cannot be read as YAML: {' '.join(str(error).split())[:200]}")


def _decode(source: bytes, faults: Faults) -> str:
    """The text, without a byte order mark."""
    if len(source) > MAX_BYTES:
        faults.stop(f"is larger than {MAX_BYTES // 1024} KiB; a config is a few kilobytes")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        faults.stop(f"holds the byte 0x{source[error.start]:02x}, which is not UTF-8; save the file as UTF-8", line)
    if unprintable := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, unprintable.start()) + 1
        faults.stop(f"holds the control character U+{ord(unprintable[0]):04X}; remove it", line)
    return text


def _syntax(error: yaml.MarkedYAMLError, text: str) -> str:
    """What the parser says, and what it usually means."""
    mark, problem = error.problem_mark, " ".join(f"{error.problem}".split())[:200]
    at = "".join(text.splitlines()[mark.line : mark.line + 1])[mark.column : mark.column + 1] if mark else ""
    hints = (hint for sign, hint in _HINTS.items() if sign in f"{error.context} {problem} at {at!r}")
    return "; ".join((f"cannot be read as YAML: {problem}", *list(hints)[:1]))


def _sort(event: yaml.ScalarEvent) -> Sort:
    """Strict scalars: "odd" is what one YAML reader takes for text and another for something else, as `on` or `017`."""
    if event.style:
        return "text"
    if event.value in ("", "~", "null"):
        return "nothing"
    if event.value in ("true", "false"):
        return "flag"
    if _NUMBER.fullmatch(event.value):
        return "number"
    tag = RESOLVER.resolve(yaml.ScalarNode, event.value, (True, False))
    return "text" if tag == "tag:yaml.org,2002:str" else "odd"


class _Composer:
    """Builds the nodes straight from the parser's events, so that nothing is built from what is refused."""

    def __init__(self, events: Iterator[Any], faults: Faults) -> None:
        self._events = events
        self._faults = faults
        self._count = 0

    def document(self) -> Node | None:
        """The one document of the stream."""
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        top = self._node(next(self._events), 1)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._faults.add("a second document begins here; a config is one document", event.start_mark.line + 1)
        return top

    def _node(self, event: Any, depth: int) -> Node:
        """The node that begins with this event."""
        line = event.start_mark.line + 1
        self._check(event, line, depth)
        if isinstance(event, yaml.ScalarEvent):
            return Node(line, _sort(event), event.value, plain=not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(line, "list", items=tuple(self._children(yaml.SequenceEndEvent, depth)))
        if isinstance(event, yaml.MappingStartEvent):
            children = self._children(yaml.MappingEndEvent, depth)
            return Node(line, "mapping", pairs=tuple(zip(children, children, strict=True)))
        return Node(line, "refused")

    def _children(self, end: type, depth: int) -> Iterator[Node]:
        """The nodes up to the end of this collection."""
        while not isinstance(event := next(self._events), end):
            yield self._node(event, depth + 1)

    def _check(self, event: Any, line: int, depth: int) -> None:
        """Report what a config may not hold."""
        self._count += 1
        if self._count > MAX_VALUES:
            self._faults.stop(f"holds more than {MAX_VALUES} values; a config has a few dozen", line)
        if depth > MAX_DEPTH:
            self._faults.stop(f"is nested deeper than {MAX_DEPTH} levels; a config has five", line)
        if isinstance(event, yaml.AliasEvent):
            name = show(f"*{event.anchor}")
            self._faults.add(f"{name} is a YAML alias, which is not read; put a glob in quotes, write others out", line)
        elif event.anchor is not None:
            self._faults.add(f"{show(f'&{event.anchor}')} is a YAML anchor, which is not read; remove it", line)
        if getattr(event, "tag", None) is not None:
            self._faults.add(f"{show(event.tag)} is a YAML tag, which is not read; remove it or use quotes", line)
