"""Checks of mappings and lists, made of the checks of what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from semopt.config.checks import Check, Place, Wrong
from semopt.config.faults import advise, show
from semopt.config.nodes import MAX_VALUES, Node


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping that was read. values: what was right. places: of every key met. named: under names of the user's."""

    place: Place
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keys:
    """A mapping with known keys. what: "a rule". required: key to the example that is shown where it is missing.

    named: the check of what stands under a name of the user's own; taken for every unknown key that holds a mapping,
    or, without known keys, for all. most: entries.
    """

    what: str
    keys: Mapping[str, Check]
    required: Mapping[str, str] = field(default_factory=dict)
    named: Check | None = None
    most: int = MAX_VALUES

    def __call__(self, place: Place) -> Section:
        """Read every entry; those that are wrong are left out."""
        if place.node.sort != "mapping":
            meant = len(self.keys) == 1 and place.node.number is not None
            hint = f"; write {{{next(iter(self.keys))}: {place.node.found()}}}" if meant else ""
            raise place.wrong(f"{self.what}, as a mapping of keys", hint)
        if len(place.node.pairs) > self.most:
            raise place.fault(f"expected at most {self.most} entries, found {len(place.node.pairs)}")
        section = Section(place)
        for key, node in place.node.pairs:
            with suppress(Wrong):
                self._entry(section, key, node)
        for name, example in self.required.items():
            if name not in section.places:
                place.key(name, place.node).fault(f"is missing; write for instance {example}")
        return section

    def _entry(self, section: Section, key: Node, node: Node) -> None:
        """Read one entry into the section."""
        name = self._name(section, key)
        check, place, kept = self.keys.get(name), section.place.key(name, node), section.values
        if check is None and (node.sort == "mapping" or not self.keys):
            check, place, kept = self.named, section.place.named(name, node), section.named
        section.places[name] = place
        if check is None:
            raise section.place.named(name, key).fault(f"is not a key of {self.what}{advise(name, self._now(section))}")
        if (read := place.read_now(check)) is not None:
            kept[name] = read

    def _name(self, section: Section, key: Node) -> str:
        """The name of a key that may stand here."""
        here = section.place.named(key.text, key)
        if not key.scalar or not key.text:
            raise section.place.named("?", key).wrong("a name before the colon")
        if key.plain and key.text == "<<":
            raise here.fault("is a YAML merge key, which is not read; write the keys out")
        if key.text in section.places:
            first = next(other.line for other, _ in section.place.node.pairs if other.text == key.text)
            raise here.fault(f"stands here twice, first in line {first}; keep one")
        return key.text

    def _now(self, section: Section) -> list[str]:
        """The keys of this version."""
        place = section.place
        return [name for name in self.keys if place.key(name, place.node).generic not in place.later]


@dataclass(frozen=True, slots=True)
class Many:
    """A list, read into a tuple. single: one item may stand alone. unique: none may stand twice. exactly: items.

    Nothing of it is taken where an item is wrong, except that partial takes the others.
    """

    what: str
    item: Check
    single: bool = False
    empty: bool = False
    unique: bool = False
    partial: bool = False
    exactly: int | None = None

    def __call__(self, place: Place) -> tuple[Any, ...]:
        """Read every item."""
        node, before = place.node, len(place.faults)
        if node.sort != "list" and (not self.single or not node.scalar or node.sort == "nothing"):
            raise place.wrong(self.what)
        if node.sort != "list":
            return (self.item(place),)
        if (not node.items and not self.empty) or self.exactly not in (None, len(node.items)):
            raise place.wrong(self.what)
        read = self._read(place)
        if len(place.faults) > before and not self.partial:
            raise Wrong
        return read

    def _read(self, place: Place) -> tuple[Any, ...]:
        """The items that are right."""
        read: list[Any] = []
        seen: set[Any] = set()
        for here in (place.item(index, node) for index, node in enumerate(place.node.items)):
            if (value := here.read(self.item)) is None:
                continue
            if self.unique and value in seen:
                here.fault(f"{show(str(value))} stands here twice; keep one")
            read.append(value)
            seen.update([value] if self.unique else [])
        return tuple(read)
