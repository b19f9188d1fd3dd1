"""The JSON Schema (draft 2020-12) of semopt.yaml, made of the very checks that read it, for editors.

It takes what a config may hold as far as one value can tell; what only several keys together can tell (whether a
judge is declared, a folder exists) is for the command. To teach it a new sort of check, add a row to `_SORTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from inspect import isfunction
from pathlib import Path
from typing import Any

from semopt.config import judges, schema
from semopt.config.checks import MAX_TEXT, Check, Choice, Flag, Number, Size, Text
from semopt.config.descriptions import KEYS
from semopt.config.names import Names, known
from semopt.config.paths import Elsewhere, Folder, Glob, Location, Weights
from semopt.config.shapes import Keys, Many

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SHIPPED = Path(__file__).parents[1] / "semopt.schema.json"
"""The schema in the package, written by `semopt schema`."""

LARGEST_SIZE = 10**15
_TEXT: Json = {"type": "string", "pattern": r"\S", "maxLength": MAX_TEXT}
_COLOUR = r"^#([0-9A-Fa-f]{3}){1,2}$"


def generate(names: Names | None = None, later: Collection[str] = schema.LATER) -> Json:
    """The schema of the whole file. names, later: as in the registries and `schema`."""
    top = schema.top(judges.Scope(Path(), names or known(), frozenset()))
    whole = _Walk(later).value(top, "")
    return {"$schema": DIALECT, "title": "semopt.yaml", "description": "What semopt does with which images.", **whole}


@dataclass(frozen=True, slots=True)
class _Walk:
    """Turns checks into schemas. path: of the key, without indices and names of the user's own, as in `LATER`."""

    later: Collection[str]

    def value(self, check: Check, path: str) -> Json:
        """What a value may be; anything, for a check that is not known here and is made of none that is."""
        made = _FUNCTIONS.get(check) if isfunction(check) else _SORTS.get(type(check))
        if made is None:
            return self.value(check.choice, path) if hasattr(check, "choice") else {}
        return made(self, check, path)

    def key(self, check: Check, path: str) -> Json:
        """What stands under a key: its description and what it may be. One of a later version is refused."""
        said = KEYS.get(path) or f"Expects {getattr(check, 'expected', getattr(check, 'what', 'a value'))}."
        if path in self.later:
            return {"description": f"Not in this version of semopt yet. {said}", **self.value(check, path), "not": {}}
        values = sorted(one.removeprefix(f"{path}: ") for one in self.later if one.startswith(f"{path}: "))
        more = f" Not in this version yet: {', '.join(values)}." if values else ""
        return {"description": said + more, **self.value(check, path)}

    def now(self, names: Collection[str], path: str) -> list[str]:
        """The names that this version knows what to do with."""
        return [name for name in names if f"{path}: {name}" not in self.later]

    def properties(self, keys: Mapping[str, Check], path: str) -> Json:
        """What stands under each of some keys."""
        return {name: self.key(check, f"{path}.{name}".lstrip(".")) for name, check in keys.items()}


def _keys(walk: _Walk, check: Keys, path: str) -> Json:
    other = walk.value(check.named, path) if check.named else False
    made: Json = {"type": "object", "properties": walk.properties(check.keys, path), "additionalProperties": other}
    if check.required:
        made["required"] = list(check.required)
    return made if check.keys else {**made, "maxProperties": check.most}


def _many(walk: _Walk, check: Many, path: str) -> Json:
    item = walk.value(check.item, path)
    items: Json = {"type": "array", "items": item}
    if not check.empty:
        items["minItems"] = 1
    if check.unique:
        items["uniqueItems"] = True
    if exactly := getattr(check, "exactly", None):
        items["minItems"] = items["maxItems"] = exactly
    return {"anyOf": [item, items]} if check.single else items


def _number(walk: _Walk, check: Number, path: str) -> Json:
    made: Json = {"type": "integer" if check.whole else "number"}
    bounds = {"minimum": check.low, "maximum": check.high}
    return {**made, **{key: bound for key, bound in bounds.items() if abs(bound) != float("inf")}}


def _size(walk: _Walk, check: Size, path: str) -> Json:
    pattern = rf"^[0-9]{{1,15}}(\.[0-9]{{1,9}})? ?[kKMGT]?{'B?' if check.bytes else ''}$"
    number = {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE}
    return {"anyOf": [number, {"type": "string", "pattern": pattern}]}


def _spend(walk: _Walk, check: schema.Spend, path: str) -> Json:
    size = walk.value(schema.BYTES, path)
    return {"anyOf": [*size["anyOf"], {"type": "object", "minProperties": 1, "additionalProperties": size}]}


def _flag(walk: _Walk, check: Flag, path: str) -> Json:
    return {"enum": [value for value in (True, False) if f"{path}: {value}".lower() not in walk.later]}


def _choice(walk: _Walk, check: Choice, path: str) -> Json:
    return {"enum": walk.now(check.names, path)}


def _text(walk: _Walk, check: Text, path: str) -> Json:
    free = check.pattern == Text("").pattern
    return _TEXT if free else {**_TEXT, "pattern": f"^(?:{check.pattern})$"}


def _path(walk: _Walk, check: Check, path: str) -> Json:
    return {**_TEXT, "not": {"pattern": r"\\|^~|(^|/)\.\.(/|$)"}}


def _glob(walk: _Walk, check: Glob, path: str) -> Json:
    return {**_TEXT, "not": {"pattern": r"\\|^/|/$|(^|/)\.\.(/|$)|(^|/)\.?/"}}


def _judge(walk: _Walk, check: judges.Judge, path: str) -> Json:
    return {"type": "string", "minLength": 1}


def _evaluator(walk: _Walk, check: judges.Evaluator, path: str) -> Json:
    """A judge's declaration: the kind decides which other keys there are."""
    kinds = walk.now(check.scope.names.figures, f"{path}.kind")
    shown = walk.properties({"kind": Choice("a kind of evaluator", tuple(kinds))}, path)
    branches = [_branch(walk, check, path, kind) for kind in kinds]
    return {"type": "object", "properties": shown, "required": ["kind"], "allOf": branches}


def _branch(walk: _Walk, check: judges.Evaluator, path: str, kind: str) -> Json:
    keys, required = check._options(kind)
    then = {"properties": {"kind": True, **walk.properties(keys, path)}, "additionalProperties": False}
    if required:
        then["required"] = list(required)
    return {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": then}


def _executor(walk: _Walk, check: Check, path: str) -> Json:
    return {"anyOf": [walk.value(schema.EXECUTORS, path), walk.value(schema.EXECUTOR, path)]}


def _colour(walk: _Walk, check: Check, path: str) -> Json:
    return {"anyOf": [{"type": "string", "pattern": _COLOUR}, {"enum": sorted(schema.COLOURS)}]}


_FUNCTIONS: dict[Any, Callable[[_Walk, Any, str], Json]] = {
    schema.version: lambda walk, check, path: {"const": 1},
    schema.colour: _colour,
    schema.executor: _executor,
    schema.agree: lambda walk, check, path: {"anyOf": [{"const": "all"}, {"type": "integer", "minimum": 1}]},
    judges.digest: lambda walk, check, path: {"type": ["string", "integer"], "pattern": "^[0-9A-Fa-f]{64}$"},
}
_SORTS: dict[type, Callable[[_Walk, Any, str], Json]] = {
    Keys: _keys,
    Many: _many,
    Number: _number,
    Size: _size,
    Flag: _flag,
    Choice: _choice,
    Text: _text,
    Glob: _glob,
    Location: _path,
    Folder: _path,
    Elsewhere: _path,
    Weights: lambda walk, check, path: _TEXT,
    judges.Judge: _judge,
    schema.Spend: _spend,
    judges.Evaluator: _evaluator,
}
