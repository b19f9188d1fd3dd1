"""Every key of semopt.yaml as a page of Markdown, from the same schema that editors read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from semopt.config.jsonschema import LARGEST_SIZE, Json, generate

INTRO = """\
# Keys of semopt.yaml

Written by `semopt schema --markdown`, from what the config is checked against; editors show the same sentences by way
of `semopt schema` (see its `--help`). Unknown keys, typos and wrong types are errors with file, line and advice.
"""
SECTIONS = {
    "": "The top of the file",
    "rules": "A rule, in the list `rules:`",
    "rules.keep": "What must survive, in `keep:`",
    "rules.floor": "Close to the eye, in `floor:`",
    "limits": "Limits, in `limits:`",
    "evaluators": "A judge, under a name in `evaluators:`",
}
MOST_NAMES = 20
NOUNS = {"integer": "a whole number", "number": "a number", "string": "text", "object": "a mapping"}


def markdown() -> str:
    """The page."""
    return INTRO + "".join(_section(title, dict(_keys(path))) for path, title in SECTIONS.items())


def _section(title: str, keys: Mapping[str, Json]) -> str:
    rows = "".join(
        f"| `{name}` | {_cell(_values(key))} | {_cell(key['description'])} |\n" for name, key in keys.items()
    )
    return f"\n## {title}\n\n| key | holds | what it does |\n|---|---|---|\n{rows}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _keys(path: str) -> Iterator[tuple[str, Json]]:
    """The keys of a mapping, each with its schema; those that belong to some kinds of judges alone come after."""
    schema = generate()
    for name in filter(None, path.split(".")):
        schema = _inner(schema["properties"][name])
    yield from ((name, key) for name, key in schema["properties"].items() if key.get("not") != {})
    for branch in schema.get("allOf", ()):
        keys = branch["then"]["properties"].items()
        yield from ((name, key) for name, key in keys if isinstance(key, dict) and name not in schema["properties"])


def _inner(schema: Json) -> Json:
    """What the items of a list, or the values of a mapping under names of the user's own, are."""
    if schema.get("type") == "array":
        return schema["items"]  # type: ignore[no-any-return]
    further = schema.get("additionalProperties")
    return further if isinstance(further, dict) and not schema["properties"] else schema


def _values(schema: Json) -> str:
    """What a key may hold, in words."""
    if len(schema.get("enum", ())) > MOST_NAMES:
        return f"one of {len(schema['enum'])} names"
    if "enum" in schema:
        return ", ".join(f"`{_yaml(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{_yaml(schema['const'])}`"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_values, schema["anyOf"])))
    kind = schema.get("type")
    if kind == "array":
        return f"a list of {_values(schema['items'])}"
    if kind in ("integer", "number"):
        return f"{NOUNS[kind]}{_range(schema)}"
    return NOUNS.get(str(kind), "text")


def _range(schema: Json) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is not None and high >= LARGEST_SIZE:
        high = None
    if low is not None and high is not None:
        return f" from {low:g} to {high:.15g}"
    return f" from {low:g}" if low is not None else "" if high is None else f" up to {high:g}"


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
