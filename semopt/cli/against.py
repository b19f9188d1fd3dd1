"""`semopt check --against`: the table of another tool's files beside their originals."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from semopt.cli import arguments
from semopt.cli.check import json_lines, table, to_pull_request, wrapped
from semopt.findings import Finding
from semopt.terminal import Colour, counted, fitted, painted, printable, size
from semopt.types import ConfigError

if TYPE_CHECKING:
    from semopt.against import Compared

NAME = 33
FIGURES = 36
HEAD = f"{'file':<{NAME}} {'original':>8} {'bytes':>7} {'pixels':>11} {'similar':>7} "


def against(parsed: argparse.Namespace) -> int:
    """Compare, say so in the way that was asked for; 1 where something does not hold."""
    from semopt import against, pipeline
    from semopt.against import Compared

    if parsed.again:
        raise ConfigError("--again: with --against the judges are asked about every file anyway")
    if not parsed.against.is_dir():
        raise ConfigError(f"--against {parsed.against}: no such folder")
    config, originals, others = against.trees(arguments.config_of(parsed), parsed.folder, parsed.against)
    jobs = parsed.jobs or pipeline.default_jobs()
    found = list(against.compare(config, against.Two(originals, others, parsed.only, parsed.evaluator, jobs)))
    findings = [one if isinstance(one, Finding) else one.finding for one in found]
    files = [one for one in found if not isinstance(one, Finding) and one.other and one.bytes]
    before, now = sum(one.bytes_before for one in files), sum(one.bytes for one in files)
    if parsed.json:
        json_lines(findings, list(map(_as_json, found)), bytes_before=before, bytes=now)
    elif not parsed.markdown:
        for one in found:
            if not parsed.quiet or not one.holds:
                print("\n".join(_row(one, first=one is found[0] and not parsed.quiet)))
        if not parsed.quiet:
            said = [f"{table(findings) or 'There are no images here'}.", _totals(len(files), before, now)]
            print("\n".join(filter(None, said)))
    roots = [originals if isinstance(one, Compared) and not one.other else others for one in found]
    return to_pull_request(findings, roots, parsed.markdown, _totals(len(files), before, now))


def _totals(files: int, before: int, now: int) -> str:
    """What the files come to beside their originals, each counted for each of its files."""
    if not files:
        return ""
    saved = f"{100 * (1 - now / before):.0f} % less" if now <= before else f"{100 * (now / before - 1):.0f} % more"
    return f"{counted(files, 'file')} of {size(now)} for originals of {size(before)}: {saved}."


def _as_json(one: Compared | Finding) -> dict[str, Any]:
    from semopt.records import scores_json

    if isinstance(one, Finding):
        return {"type": "finding", **asdict(one)}
    return {"type": "comparison", **asdict(one), "notes": list(one.notes), "scores": scores_json(one.scores)}


def _row(one: Compared | Finding, first: bool) -> Iterator[str]:
    """A row of at most 80 columns, and below it what is to be said; the head before the first."""
    if first:
        yield painted(HEAD.rstrip(), "dim")
    name = fitted(printable(one.path if isinstance(one, Finding) else one.other or one.path), NAME)
    mark = painted("ok", "green") if one.verdict == "ok" else painted("-" if one.holds else "no", *_colours(one))
    if isinstance(one, Finding):
        yield f"{name} {'':>{FIGURES}} {mark}"
        yield from wrapped(printable(one.reason), 4)
        return
    heard = [score.similarity for _, score in one.scores if not score.silent]
    pixels = f"{one.width}x{one.height}" if one.width else ""
    sizes = f"{size(one.bytes_before) if one.bytes_before else '':>8} {size(one.bytes) if one.bytes else '':>7}"
    similar = f"{min(heard):.3f}" if heard else ""
    yield f"{name} {sizes} {pixels:>11} {similar:>7} {mark}"
    yield from wrapped(printable("; ".join(_said(one))), 4)


def _colours(one: Compared | Finding) -> tuple[Colour, ...]:
    return ("yellow",) if one.holds else ("red",)


def _said(one: Compared) -> Iterator[str]:
    """The clauses below a row: why, answers that changed though that is allowed, and the notes."""
    yield from filter(None, [one.reason])
    for name, score in one.scores:
        if one.verdict == "ok" and score.label != score.label_before:
            yield f"{name} sees {score.label!r} for {score.label_before!r}"
    yield from one.notes
