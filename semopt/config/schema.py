"""The keys of semopt.yaml: what each may hold. To add one, write its check here, and its use in `build`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, cast

from semopt.config.checks import Check, Choice, Flag, Number, Place, Size, Text
from semopt.config.faults import show
from semopt.config.judges import MAX_JUDGES, PIXELS, Added, Evaluator, Judge, Scope
from semopt.config.nodes import Node
from semopt.config.paths import Elsewhere, Glob, of_tree
from semopt.config.shapes import Keys, Many
from semopt.evaluators.families import HIGHEST
from semopt.naming import fault
from semopt.types import BUILT_IN, Executor

LATER: frozenset[str] = frozenset()
"""Keys, and values of keys, that are checked and then refused: a release that brings one deletes its line."""

SHARE = Number("a number from 0 to 1", 0, 1)
BYTES = Size("a number of bytes such as 100MB or 1500000")

KEEP: dict[str, Check] = {
    "similarity": SHARE,
    "label": Choice("a way to keep the label", ("same", "top5", "family")),
    "family_height": Number(f"a whole number from 1 to {HIGHEST}", 1, HIGHEST, whole=True),
    "kept": SHARE,
    "kl": Number("a number from 0 to 100", 0, 100),
    "cosine": Number("a number from -1 to 1", -1, 1),
    "cer": SHARE,
}

LIMITS: dict[str, Check] = {
    "max_pixels": Size("a number of pixels such as 50M or 1500000", bytes=False),
    "max_bytes": BYTES,
    "max_frames": Number("a whole number from 1 to 1000000", 1, 1_000_000, whole=True),
    "seconds": Number("a number of seconds from 0.1 to 86400", 0.1, 86_400),
    "variant": BYTES,
    "folder": BYTES,
    "tree": BYTES,
}

COLOURS = {
    "black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "white": "#ffffff",
    "maroon": "#800000", "red": "#ff0000", "purple": "#800080", "fuchsia": "#ff00ff",
    "green": "#008000", "lime": "#00ff00", "olive": "#808000", "yellow": "#ffff00",
    "navy": "#000080", "blue": "#0000ff", "teal": "#008080", "aqua": "#00ffff",
}  # fmt: skip


def version(place: Place) -> int:
    """The version of the config's form."""
    number = place.node.number
    if number == 1 and isinstance(number, int):
        return 1
    quoted = place.node.sort == "text" and place.node.text == "1"
    raise place.wrong("1, the only version that this semopt reads", "; remove the quotes" if quoted else "")


def colour(place: Place) -> tuple[int, int, int]:
    """`#rgb`, `#rrggbb` or one of the 16 basic names of CSS, as red, green and blue from 0 to 255."""
    digits = COLOURS.get(place.node.text.lower(), place.node.text).removeprefix("#")
    if place.node.sort == "nothing":
        raise place.wrong('a colour such as "#ffffff"', "; without quotes '#' begins a comment")
    if place.node.sort != "text" or not re.fullmatch(r"(?:[0-9A-Fa-f]{3}){1,2}", digits) or digits == place.node.text:
        raise place.wrong('a colour such as "#ffffff" or "white"')
    red, green, blue = re.findall("." * (len(digits) // 3), digits)
    return int(f"{red * 2}"[-2:], 16), int(f"{green * 2}"[-2:], 16), int(f"{blue * 2}"[-2:], 16)


def agree(place: Place) -> float | str:
    """`all`, or how many judges must agree; that there are as many is checked with the rule."""
    if place.node.text == "all" and place.node.scalar:
        return "all"
    return Number("'all' or a whole number from 1", 1, whole=True)(place)


def output(place: Place) -> str:
    """A template of variants' paths."""
    template = Text("a template such as '{dir}/{name}.{ext}'")(place)
    if wrong := fault(template):
        raise place.fault(f"{show(template)} {wrong}")
    return template


EXECUTORS = Choice("an executor", ("local", "ray"))
EXECUTOR = Keys(
    "an executor", {"kind": EXECUTORS, "address": Text("an address such as '10.0.0.1:6379'")}, {"kind": "kind: ray"}
)


def executor(place: Place) -> Executor:
    """The name of an executor, or a mapping of its kind and where it is."""
    if place.node.sort != "mapping":
        return Executor(cast(Literal["local", "ray"], EXECUTORS(place)))
    section = EXECUTOR(place)
    kind, address = section.values.get("kind", "local"), section.values.get("address")
    if address is not None and kind == "local" and "kind" in section.values:
        section.places["address"].fault("is for 'kind: ray' only; remove it")
    return Executor(kind, address)


@dataclass(frozen=True, slots=True)
class Spend:
    """Bytes for the whole tree, or for folders of it. Read as bytes by folder, "" for the tree itself."""

    what: str = "a number of bytes such as 2MB, or one for each of some folders, such as {photos: 500kB}"

    def __call__(self, place: Place) -> dict[str, int]:
        """Read one figure or several; no folder may be named twice."""
        if place.node.sort != "mapping":
            return {"": replace(BYTES, expected=self.what)(place)}
        if not place.node.pairs:
            raise place.wrong(self.what)
        section = Keys("spend", {}, named=BYTES)(place)
        read: dict[str, int] = {}
        for name, size in section.named.items():
            here = section.places[name]
            folder = of_tree(replace(here, node=next(key for key, _ in place.node.pairs if key.text == name)))
            if folder in read:
                raise here.fault("names a folder that stands here already; keep one")
            read[folder] = size
        return read


def _under(nodes: Iterable[Node], key: str) -> list[Node]:
    """What stands under a key in those of the nodes that are mappings."""
    return [value for node in nodes for name, value in node.pairs if name.text == key]


def kinds(top: Node) -> frozenset[str]:
    """The kinds of judges that the file names, known before anything is checked, so that other packages are asked."""
    judges = [node for _, node in (pair for node in _under([top], "evaluators") for pair in node.pairs[:MAX_JUDGES])]
    return frozenset(node.text for node in _under(judges, "kind") if node.scalar)


def formats(top: Node) -> frozenset[str]:
    """The formats that the file names, likewise."""
    rules = [rule for node in _under([top], "rules") for rule in node.items]
    return frozenset(node.text for list_ in _under(rules, "formats") for node in list_.items if node.scalar)


def declared(top: Node) -> frozenset[str]:
    """The names of judges in the file, known before anything is checked, so that rules can be checked against them."""
    nodes = [node for key, node in top.pairs if key.text == "evaluators"]
    return frozenset(
        {*(spec.name for spec in BUILT_IN), *(key.text for node in nodes for key, _ in node.pairs[:MAX_JUDGES])}
    )


def top(scope: Scope) -> Keys:
    """The whole of the file."""
    names = scope.names
    judges = Many("the name of an evaluator or a list of them", Judge(scope), single=True, unique=True)
    globs = Many("a glob or a list of globs", Glob(), single=True)
    rule: dict[str, Check] = {
        "match": globs,
        "strategy": Choice("a strategy", names.strategies),
        "formats": Many("a list of formats", Added(Choice("a format", names.formats), names.broken), unique=True),
        "write": Choice("a way to write", ("smallest", "each")),
        "widths": Many("a list of widths", PIXELS, unique=True),
        "max_width": PIXELS,
        "min_width": PIXELS,
        "evaluator": judges,
        "agree": agree,
        "keep": Keys("keep", KEEP, named=Keys("keep", KEEP)),
        "confirm": judges,
        "floor": Keys("floor", {"ssimulacra2": Number("a number up to 100", high=100)}),
        "metadata": Choice("a treatment of metadata", ("strip", "copyright", "keep")),
        "background": colour,
        "placeholder": Flag(),
        "serve": Choice("a strategy to serve", ("semantic",)),
        "seed": Number("a whole number from 0 to 4294967295", 0, 2**32 - 1, whole=True),
    }
    keys: dict[str, Check] = {
        "version": version,
        "assets": Elsewhere(scope.root),
        "evaluator": judges,
        "evaluators": Keys("evaluators", {}, named=Evaluator(scope), most=MAX_JUDGES),
        "rules": Many(
            "a list of rules", Keys("a rule", rule, {"match": 'match: "photos/**"'}), empty=True, partial=True
        ),
        "output": output,
        "exclude": replace(globs, empty=True),
        "limits": Keys("limits", LIMITS),
        "spend": Spend(),
        "cache": Elsewhere(scope.root, exists=False),
        "executor": executor,
    }
    return Keys("a config", keys, {"version": "version: 1"})
