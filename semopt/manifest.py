"""`semopt-manifest.json`: every image met and every variant of it, the contract with build tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from semopt import regular
from semopt.naming import DEFAULT, fault
from semopt.records import Json, placeholder_of, share_json, share_of, sound, variant_json, variant_of
from semopt.types import COPY, Outcome, SemoptError, Variant

NAME = "semopt-manifest.json"
VERSION = 1

Entries = dict[str, Json]
"""The manifest's `assets`: entries by path."""


def entry(outcome: Outcome) -> Json:
    """The manifest's entry for an outcome. What `cached` means is known to a run only; here it is what was found."""
    status = outcome.status
    if status == "cached":
        status = "optimized" if any(one.format != COPY for one in outcome.variants) else "kept"
    share = {} if outcome.share is None else {"share": share_json(outcome.share)}
    return share | {
        "sha256": outcome.sha256,
        "bytes": outcome.bytes,
        "width": outcome.width,
        "height": outcome.height,
        "rule": outcome.rule,
        "strategy": outcome.strategy,
        "status": status,
        "reason": outcome.reason,
        "placeholder": outcome.placeholder,
        "variants": [variant_json(variant) for variant in outcome.variants],
    }


def outcome(path: str, value: Mapping[str, Any], known: bool = False) -> Outcome:
    """An outcome back from an entry. Raises KeyError, TypeError or ValueError on anything else.

    known: as in `records.variant_of`; to look at every field takes a tenth of a build of 100,000 with nothing to do.
    """
    plain = {key: value[key] for key in ("status", "reason", "rule", "strategy", "sha256", "bytes", "width", "height")}
    variants = tuple([variant_of(one, known) for one in value["variants"]])
    placeholder, share = placeholder_of(value), share_of(value)
    found = Outcome(path=path, **plain, variants=variants, placeholder=placeholder, share=share)
    return found if known else sound(found)


def render(entries: Entries, output: str = DEFAULT) -> bytes:
    """The manifest's bytes: sorted, ASCII, the same for the same entries. output: the template of variants' paths."""
    value: Json = {"version": VERSION, "assets": entries}
    if output != DEFAULT:
        value["output"] = output
    return _text(value).encode("ascii") + b"\n"


_PLAIN = json.JSONEncoder(allow_nan=False)


def _text(value: Any, margin: str = "\n") -> str:
    """What `json.dumps` gives with indent=1, sort_keys=True and allow_nan=False, in half its time: 88 ms for 10,000
    images, and a change under watch has it made twice."""
    if type(value) is str:
        return encode_basestring_ascii(value)
    if type(value) is int:
        return str(value)
    inner = margin + " "
    if isinstance(value, dict) and value:
        pairs = [f"{encode_basestring_ascii(key)}: {_text(value[key], inner)}" for key in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(pairs)}{margin}}}"
    if isinstance(value, list) and value:
        return f"[{inner}{f',{inner}'.join([_text(one, inner) for one in value])}{margin}]"
    return _PLAIN.encode(value)


def read(content: bytes, file: Path) -> Entries:
    """The entries of a manifest's bytes, without those that are damaged; none where there are no bytes.

    Raises SemoptError where it is no manifest: with it goes the knowledge of what semopt wrote.
    """
    if not content:
        return {}
    try:
        value = json.loads(content, parse_constant=_no_number)
        assets, version = dict(value["assets"]), value["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SemoptError(
            f"{file}: damaged ({error}); restore it, or remove it and the variants named in it"
        ) from error
    if version != VERSION:
        raise SemoptError(f"{file}: of version {version!r}, which this semopt does not read; use a newer semopt")
    return {path: one for path, one in assets.items() if _sound(one)}


def _sound(one: Any) -> bool:
    """Whether an entry's variants are such that they can be looked up."""
    named = one.get("variants") if isinstance(one, dict) else None
    return isinstance(named, list) and all(
        isinstance(v, dict) and isinstance(v.get("path"), str) and isinstance(v.get("sha256"), str) for v in named
    )


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def output(content: bytes) -> str:
    """The template under which a manifest's variants were written; the default one where it cannot be believed."""
    if b'"output"' not in content:  # a manifest of 10,000 images takes 50 ms to parse
        return DEFAULT
    try:
        template = json.loads(content).get("output", DEFAULT)
    except (ValueError, AttributeError, RecursionError):
        return DEFAULT
    return template if isinstance(template, str) and fault(template) is None else DEFAULT


def is_one(content: bytes) -> bool:
    """Whether these are the bytes of a manifest of this version, one without entries included."""
    try:
        value = json.loads(content)
        return bool(value["version"] == VERSION) and isinstance(value["assets"], dict)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def load(folder: Path) -> bytes:
    """The bytes of the manifest in a folder; empty where there is none.

    Raises SemoptError where it cannot be read: with it would go the knowledge of what semopt wrote.
    """
    try:
        return regular.read(folder / NAME)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise SemoptError(f"{folder / NAME} cannot be read: {error.strerror or error}") from error


def owned(entries: Entries) -> dict[str, set[str]]:
    """Paths of all variants named, each with the sha256 under which semopt wrote it."""
    found: dict[str, set[str]] = {}
    for one in entries.values():
        for variant in one["variants"]:
            found.setdefault(variant["path"], set()).add(variant["sha256"])
    return found


def variants(value: Mapping[str, Any]) -> tuple[Variant, ...]:
    """The variants of an entry; none where it is damaged."""
    try:
        return tuple(map(variant_of, value["variants"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()
