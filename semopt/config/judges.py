"""What the config says of judges: their names, and the declarations of those beyond the built-in ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from semopt.config.checks import Check, Choice, Flag, Number, Place, Text
from semopt.config.faults import advise, show
from semopt.config.names import Names
from semopt.config.paths import Folder, Location, Weights
from semopt.config.shapes import Keys, Many, Section
from semopt.evaluators.names import DEVICES

PIXELS = Number("a whole number of pixels, from 1 to 100000", 1, 100_000, whole=True)

# Each rule is checked against each of its judges, and each path against the disk: both must stay cheap for any file
MAX_JUDGES = 32


@dataclass(frozen=True, slots=True)
class Scope:
    """What the checks of one config depend on. judges: the evaluators that it may name."""

    root: Path
    names: Names
    judges: frozenset[str]


def digest(place: Place) -> str:
    """A SHA-256; one of digits alone is no number."""
    if place.node.scalar and re.fullmatch(r"[0-9A-Fa-f]{64}", place.node.text):
        return place.node.text.lower()
    raise place.wrong("a SHA-256 of 64 hexadecimal digits")


def plain(place: Place) -> bool | int | float | str:
    """A single value that is handed on as it is."""
    if place.node.sort == "flag":
        return Flag()(place)
    number = place.node.number
    return Text("text, a number, true or false")(place) if number is None else number


@dataclass(frozen=True, slots=True)
class Added:
    """One of some names that other packages add to. broken: those that cannot be used, with the reason."""

    choice: Choice
    broken: Mapping[str, str]

    def __call__(self, place: Place) -> str:
        """Read a name."""
        if place.node.scalar and place.node.text in self.broken:
            raise place.fault(self.broken[place.node.text])
        return self.choice(place)


@dataclass(frozen=True, slots=True)
class Judge:
    """The name of an evaluator."""

    scope: Scope

    def __call__(self, place: Place) -> str:
        """Read a name, and say how to declare a network of torchvision that was named directly."""
        name, models = place.node.text, self.scope.names.models
        if not place.node.scalar or not name:
            raise place.wrong("the name of an evaluator")
        if name in self.scope.judges:
            return name
        if name in models:
            line = f'"  {name}: {{kind: torchvision, model: {name}}}"'
            raise place.fault(f'{show(name)} is not declared; write "evaluators:" and below it {line}')
        raise place.fault(f"{show(name)} is not an evaluator{advise(name, (*sorted(self.scope.judges), *models))}")


@dataclass(frozen=True, slots=True)
class Evaluator:
    """The declaration of a judge: its kind, and the keys of that kind."""

    scope: Scope

    def __call__(self, place: Place) -> Section:
        """Read the kind first, for it decides which keys there are."""
        if place.node.sort != "mapping":
            raise place.wrong("an evaluator such as {kind: torchvision, model: resnet50}")
        kinds = tuple(self.scope.names.figures)
        pairs = tuple(pair for pair in place.node.pairs if pair[0].text == "kind")
        kind = pairs[0][1].text if pairs else ""
        what = f"an evaluator of kind {kind}" if kind in kinds else "an evaluator"
        if kind not in kinds:
            place = replace(place, node=replace(place.node, pairs=pairs))
        keys, required = self._options(kind)
        choice = Added(Choice("a kind of evaluator", kinds), self.scope.names.broken)
        return Keys(what, {"kind": choice, **keys}, {"kind": "kind: torchvision", **required})(place)

    def _options(self, kind: str) -> tuple[dict[str, Check], dict[str, str]]:
        """The keys beside `kind`, and those of them that must be there, with an example."""
        root, names = self.scope.root, self.scope.names
        model = Choice("a network of torchvision", names.models)
        if kind == "torchvision":
            device = Choice("a device", DEVICES)
            keys: dict[str, Check] = {"model": model, "weights": Weights(root), "sha256": digest, "device": device}
            return keys, {"model": "model: resnet50"}
        options = names.options.get(kind, {})
        required = {name: option for name, option in options.items() if getattr(option, "required", False)}
        return (
            {name: _option(root, name, option) for name, option in options.items()},
            {name: getattr(option, "example", "") or f"{name}: ..." for name, option in required.items()},
        )


def _option(root: Path, name: str, option: Any) -> Check:
    """The check of an evaluator's key, from what its registry entry says of it, as in `semopt.evaluators.Key`."""
    if choices := tuple(getattr(option, "choices", ())):
        return Choice(f"a value of {name!r}", choices)
    if getattr(option, "file", False):
        return Weights(root, "text or the path of a file", r"[\s\S]*")
    file, three = Location(root, "the path of a file"), "a list of three numbers, for red, green and blue"
    table: dict[str, Check] = {
        "path": file,
        "paths": Many("the path of a file or a list of them", file, single=True),
        "folder": Folder(root),
        "object": Text("an object such as 'mypackage.judges:make'", r"[\w.]+:[\w.]+"),
        "sha256": digest,
        "flag": Flag(),
        "pixels": PIXELS,
        "three": Many(three, Number("a number"), exactly=3),
        "mapping": Keys("options", {}, named=plain),
    }
    return table.get(getattr(option, "sort", "text"), Text("text"))
