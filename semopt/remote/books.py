"""The books of a tree at a URL: the manifest, and a journal that stands there while a run is being published."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from semopt import manifest
from semopt.journal import Line
from semopt.naming import Naming, fault

JOURNAL = "semopt-journal.jsonl"
MOST_BOOK = 2_000_000_000
"""Bytes of a manifest: 500 an image and 400 a variant."""


def lines_of(content: bytes) -> list[Line]:
    """The lines of a journal; torn ones are passed over."""
    found = []
    for row in content.splitlines():
        try:
            line = Line(**json.loads(row))
        except (ValueError, TypeError, RecursionError):
            continue
        if all(isinstance(value, str) for value in asdict(line).values()):
            found.append(Line(line.path, line.sha256, output=line.output))
    return found


def journal_of(lines: Iterable[Line]) -> bytes:
    """The bytes of a journal, each line once."""
    rows = sorted({json.dumps(asdict(line), sort_keys=True) for line in lines})
    return "".join(f"{row}\n" for row in rows).encode("ascii")


def owned_by(content: bytes, lines: Iterable[Line]) -> dict[str, set[str]]:
    """What semopt wrote: by a manifest and a journal, where a template could have given the path. Raises SemoptError.

    As in `write`: whoever writes a manifest must not make originals semopt's own.
    """
    entries = manifest.read(content, Path(manifest.NAME))
    namings = {Naming(), Naming(manifest.output(content))}
    owned = manifest.owned(entries)
    for line in lines:
        owned.setdefault(line.path, set()).add(line.sha256)
        if line.output and fault(line.output) is None:
            namings.add(Naming(line.output))
    return {path: hashes for path, hashes in owned.items() if any(naming.could_be(path) for naming in namings)}
