"""The figures of a shrunk dataset: agreement and bytes by class, what is fragile, what failed. No clock is in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from semopt.atomic import replace_whole
from semopt.imagefolder.page import TITLE, page
from semopt.imagefolder.samples import Judge
from semopt.imagefolder.tree import Survey
from semopt.records import DIGITS
from semopt.types import Sample, SemoptError

NAMES = ("semopt-report.json", "semopt-report.md")
KIND = "semopt dataset"
NEAREST = 20
Z = 1.959964  # of a 95 % interval

Json = dict[str, Any]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score interval): what a larger set like this one would show.

    >>> [round(end, 3) for end in wilson(95, 100)]
    [0.888, 0.978]
    """
    if not of:
        return 0.0, 1.0
    share, square = hits / of, Z * Z
    centre = share + square / (2 * of)
    spread = Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    low, high = (centre - spread) / (1 + square / of), (centre + spread) / (1 + square / of)
    return (0.0 if hits == 0 else max(0.0, low)), (1.0 if hits == of else min(1.0, high))


def figures(samples: Sequence[Sample]) -> Json:
    """What is said of some samples together. Those without a file count as failed and nowhere else.

    judged: without those that the judge has no say on, as `embedded` on drawings. changed: of these, whose pixels did.
    """
    there = [one for one in samples if one.target is not None]
    judged = [one for one in there if one.agrees is not None]
    agreeing, changed = sum(bool(one.agrees) for one in judged), [one for one in judged if not one.same]
    low, high = wilson(agreeing, len(judged))
    return {
        "samples": len(samples),
        "failed": len(samples) - len(there),
        "copied": sum(one.status == "copied" for one in there),
        "bytes": sum(one.bytes or 0 for one in there),
        "bytes_after": sum(one.bytes_after or 0 for one in there),
        "judged": len(judged),
        "agree": agreeing,
        "agreement": _share(agreeing, len(judged)),
        "interval": [round(low, DIGITS), round(high, DIGITS)],
        "changed": len(changed),
        "changed_agree": sum(bool(one.agrees) for one in changed),
        "mean_similarity": _mean([one.similarity for one in judged if one.similarity is not None]),
    }


def report(samples: Sequence[Sample], judge: Judge, tree: Survey) -> Json:
    """The whole report, without anything that another run over the same tree would change."""
    groups: dict[str, list[Sample]] = {}
    for one in samples:
        groups.setdefault("/".join(filter(None, (one.split, one.class_name))), []).append(one)
    searched = sorted((one for one in samples if one.margin is not None), key=lambda one: (one.margin, one.path))
    return {
        "kind": KIND,
        "version": 1,
        "evaluator": judge.name,
        "agreement_by": "label" if judge.labels else "similarity",
        "threshold": judge.threshold,
        "total": figures(samples),
        "classes": {name: figures(group) for name, group in sorted(groups.items())},
        "fragile": {
            "answers_changed": [_row(one) for one in samples if one.agrees is False],
            "nearest": [_row(one) for one in searched[:NEAREST]],
            "undecided": [_row(one) for one in samples if one.status == "optimized" and one.strategy != "semantic"],
            "copied": [_row(one) for one in samples if one.status == "copied"],
        },
        "failed": {one.path: one.reason for one in samples if one.status == "failed"},
        "renamed": list(tree.renamed),
        "not_copied": list(tree.others),
        "hidden": list(tree.hidden),
    }


def _row(one: Sample) -> Json:
    """A sample among the fragile ones: what is known, without what is not."""
    score = next((score for _, score in one.scores if score.label is not None), None)
    row = {
        "path": one.path,
        "target": one.target,
        "similarity": one.similarity,
        "margin": one.margin,
        "label_before": None if score is None else score.label_before,
        "label": None if score is None else score.label,
        "reason": one.reason or None,
    }
    return {key: value for key, value in row.items() if value is not None}


def _share(part: int, of: int) -> float | None:
    return round(part / of, DIGITS) if of else None


def _mean(values: Sequence[float]) -> float | None:
    return round(math.fsum(values) / len(values), DIGITS) if values else None


def refuse_foreign(folder: Path) -> None:
    """Raise SemoptError where something that is no report stands in the way of one."""
    for file in (folder / name for name in NAMES):
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            continue
        ours = content.startswith(f"# {TITLE}".encode()) if file.suffix == ".md" else _is_report(content)
        if not ours or file.is_symlink():
            raise SemoptError(f"{file} is in the way and is no report of semopt's; move it away, or use --report")


def _is_report(content: bytes) -> bool:
    try:
        return bool(json.loads(content)["kind"] == KIND)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def write(folder: Path, value: Json) -> None:
    """Write both files, each whole and only where it changed. Raises OSError and SemoptError."""
    refuse_foreign(folder)
    folder.mkdir(parents=True, exist_ok=True)
    contents: Iterable[bytes] = (
        json.dumps(value, indent=1, sort_keys=True, allow_nan=False).encode("ascii") + b"\n",
        page(value).encode("utf-8", "backslashreplace"),
    )
    for name, content in zip(NAMES, contents, strict=True):
        file = folder / name
        if not file.exists() or file.read_bytes() != content:
            replace_whole(file, content)
