"""`semopt-manifest.json`: every image met and every variant of it, the contract with build tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semopt.records import Json, variant_json, variant_of
from semopt.types import Outcome, Variant

NAME = "semopt-manifest.json"
VERSION = 1

Entries = dict[str, Json]
"""The manifest's `assets`: entries by path."""


def entry(outcome: Outcome) -> Json:
    """The manifest's entry for an outcome. What `cached` means is known to a run only; here it is what was found."""
    status = outcome.status
    if status == "cached":
        status = "optimized" if outcome.variants else "kept"
    return {
        "sha256": outcome.sha256,
        "bytes": outcome.bytes,
        "width": outcome.width,
        "height": outcome.height,
        "rule": outcome.rule,
        "strategy": outcome.strategy,
        "status": status,
        "reason": outcome.reason,
        "placeholder": None,
        "variants": [variant_json(variant) for variant in outcome.variants],
    }


def outcome(path: str, value: Mapping[str, Any]) -> Outcome:
    """An outcome back from an entry. Raises KeyError, TypeError or ValueError on anything else."""
    plain = {key: value[key] for key in ("status", "reason", "rule", "strategy", "sha256", "bytes", "width", "height")}
    return Outcome(path=path, **plain, variants=tuple(map(variant_of, value["variants"])))


def render(entries: Entries) -> bytes:
    """The manifest's bytes: sorted, ASCII, the same for the same entries."""
    value = {"version": VERSION, "assets": entries}
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def read(content: bytes) -> Entries:
    """The entries of a manifest's bytes; none where they are damaged or of another version."""
    try:
        value = json.loads(content)
        assets = value["assets"] if value["version"] == VERSION else {}
        return {path: one for path, one in assets.items() if isinstance(one, dict)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def is_one(content: bytes) -> bool:
    """Whether these are the bytes of a manifest of this version, one without entries included."""
    try:
        value = json.loads(content)
        return bool(value["version"] == VERSION) and isinstance(value["assets"], dict)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def load(folder: Path) -> bytes:
    """The bytes of the manifest in a folder; empty where there is none."""
    try:
        return (folder / NAME).read_bytes()
    except OSError:
        return b""


def owned(entries: Entries) -> dict[str, set[str]]:
    """Paths of all variants named, each with the sha256 under which semopt wrote it."""
    found: dict[str, set[str]] = {}
    for one in entries.values():
        listed = one.get("variants")
        for variant in listed if isinstance(listed, list) else []:
            if isinstance(variant, dict) and isinstance(variant.get("path"), str):
                found.setdefault(variant["path"], set()).add(str(variant.get("sha256")))
    return found


def variants(value: Mapping[str, Any]) -> tuple[Variant, ...]:
    """The variants of an entry; none where it is damaged."""
    try:
        return tuple(map(variant_of, value["variants"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()
