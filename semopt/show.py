"""What a person, or a program, sees of a build: lines on stdout, a bar and failures on stderr."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from semopt import manifest
from semopt.records import work_json
from semopt.terminal import columns, fitted, painted, printable, size
from semopt.types import Config, Outcome, Rule

if TYPE_CHECKING:
    from semopt.bar import Bar
    from semopt.pipeline import Step

LABEL, STRATEGY = 37, 8
"""Columns of a row's name, and of the strategy at its end; with the figures beside it a row has 79."""


@dataclass
class _Row:
    """Sums over the images of one rule. smallest: bytes of each image's smallest variant, or of the original."""

    images: int = 0
    written: int = 0
    original: int = 0
    smallest: int = 0


@dataclass
class Shown:
    """Shows outcomes as they come, and a summary at the end of the `with` block."""

    config: Config
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    only: str | None = None
    failures: list[str] = field(default_factory=list)
    rows: dict[str, _Row] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _bar: Bar | None = None
    _labels: dict[tuple[str | None, str | None], str] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether a person watches: bars are for terminals only."""
        return sys.stderr is not None and sys.stderr.isatty() and not self.quiet

    def planned(self, images: int) -> None:
        """The number of images is known: start the bar."""
        if self.live and images:
            from semopt.bar import Bar

            self._bar = Bar(images)

    def step(self, step: Step) -> None:
        """One line of a dry run."""
        if step.action == "fail":
            self.failures.append(f"{printable(step.path)}: {printable(step.reason)}")
        if self.as_json:
            _line("step", asdict(step))
        elif not self.quiet:
            does = {
                "search": "would be searched",
                "restore": "would be restored from the cache",
                "share": "would get another share of spend",
                "none": "up to date",
            }
            said = does.get(step.action, f"{step.action}: {printable(step.reason)}")
            strategy = f" ({step.strategy or 'both or lossless'})" if step.action in ("search", "restore") else ""
            print(f"{printable(step.path)}: {said}{strategy}")

    def outcome(self, outcome: Outcome) -> None:
        """Note one outcome; show it where that was asked for."""
        self.statuses[outcome.status] += 1
        self._add(outcome)
        if outcome.status == "failed":
            reason = f"failed: {outcome.reason}; the original is untouched"
            self.failures.append(f"{printable(outcome.path)}: {printable(reason)}")
        if self._bar is not None:
            self._bar.clear()  # else a line on the same terminal would begin where the bar ends
        if self.as_json:
            _line("outcome", outcome_json(outcome))
        elif self.verbose:
            print(sentence(outcome), flush=True)
        if self._bar is not None:
            self._bar.add((outcome.bytes or 0) - _smallest(outcome))

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        if kind is None and self.as_json:
            _line("summary", {"statuses": dict(self.statuses), "manifest": str(self.config.root / manifest.NAME)})
        elif kind is None and not self.quiet:
            print("\n".join(self._summary()))
        for failure in self.failures:
            print(painted(failure, "red", stream=sys.stderr), file=sys.stderr)

    def _add(self, outcome: Outcome) -> None:
        if outcome.bytes is None or outcome.status not in ("optimized", "cached", "kept"):
            return
        kind = outcome.rule, outcome.strategy
        if kind not in self._labels:
            self._labels[kind] = self._label(outcome)
        row = self.rows.setdefault(self._labels[kind], _Row())
        row.images += 1
        row.written += bool(outcome.variants)
        row.original += outcome.bytes
        row.smallest += _smallest(outcome)
        if (rule := self._sized.get(outcome.rule)) and (widths := outcome.lacks(rule.settings)):
            self.lacking[outcome.path] = widths

    @cached_property
    def _sized(self) -> dict[str | None, Rule]:
        """The rules that want several widths, by name: a build of 100,000 images asks for each."""
        return {rule.name: rule for rule in (*self.config.rules, self.config.default) if rule.settings.widths}

    def _label(self, outcome: Outcome) -> str:
        """A rule's globs, or how many it has beside the first, and the strategy that was followed."""
        rule = next((rule for rule in self.config.rules if rule.name == outcome.rule), None)
        room = LABEL - STRATEGY - 1
        if rule is None:
            where = "every other image" if self.config.rules else "every image"
        else:
            where = printable(", ".join(rule.match))
            if columns(where) > room and len(rule.match) > 1:
                more = f" and {len(rule.match) - 1} more"
                where = fitted(printable(rule.match[0]), room - len(more)).rstrip() + more
        return f"{fitted(where, room)} {outcome.strategy or ''}"

    def _summary(self) -> Iterable[str]:
        """The table by rule, and where everything is; at most 80 columns."""
        if not self.rows:
            if self.statuses:
                yield "No image was optimised."
            elif self.only is None:
                yield "There are no images here."  # else a warning has said that none matches
        else:
            yield painted(_head(), "dim")
            for label, row in self.rows.items():
                yield _table_row(label, row)
            if len(self.rows) > 1:
                yield painted(_table_row("together", _together(self.rows.values())), "bold")
        yield from self._ending()

    def _ending(self) -> Iterable[str]:
        """How many images came to what, those that failed in red, and where the manifest is."""
        if not self.statuses:
            yield f"Looked in {printable(str(self.config.assets))}"
            return
        counts = [
            painted(f"{count} {status}", *(("red",) if status == "failed" else ()))
            for status, count in sorted(self.statuses.items())
        ]
        yield f"{', '.join(counts)}. Manifest: {printable(_near(self.config))}"
        if self.lacking:
            path, widths = next(iter(self.lacking.items()))
            lack = "lack" if len(self.lacking) > 1 else "lacks"
            yield f"{len(self.lacking):,} {lack} some of the widths asked for; semopt explain tells why:"
            yield fitted(f"  {printable(path)} lacks {', '.join(map(str, widths))} px", 80).rstrip()


def _smallest(outcome: Outcome) -> int:
    """Bytes of the smallest variant, or of the original."""
    return min((variant.bytes for variant in outcome.variants), default=outcome.bytes or 0)


def _near(config: Config) -> str:
    """The manifest's path, relative to where the person stands if that is shorter."""
    if config.remote:
        return f"{config.remote}/{manifest.NAME}"
    from os.path import relpath

    file = str(config.root / manifest.NAME)
    try:
        return min(relpath(file), file, key=len)
    except ValueError:
        return file


def _together(rows: Iterable[_Row]) -> _Row:
    total = _Row()
    for row in rows:
        total = _Row(*(mine + its for mine, its in zip(asdict(total).values(), asdict(row).values(), strict=True)))
    return total


def _head() -> str:
    names = f"{'rule':<{LABEL - STRATEGY}}{'strategy':<{STRATEGY}}"
    return f"{names} {'images':>6} {'written':>7} {'original':>9} {'smallest':>9} {'saved':>6}"


def _table_row(label: str, row: _Row) -> str:
    saved = f"{100 * (1 - row.smallest / row.original):.0f} %" if row.original else ""
    sizes = f"{size(row.original):>9} {size(row.smallest):>9}"
    return f"{fitted(label, LABEL)} {row.images:>6} {row.written:>7} {sizes} {saved:>6}"


def sentence(outcome: Outcome) -> str:
    """One outcome in one line."""
    said = f"{printable(outcome.path)}: {outcome.status}"
    if not outcome.variants:
        return f"{said}: {printable(outcome.reason)}" if outcome.reason else said
    variants = ", ".join(f"{one.format} {one.width}x{one.height} {size(one.bytes)}" for one in outcome.variants)
    why, share = printable(outcome.reason), ""
    if outcome.share is not None and not outcome.share.met:
        why, _, share = why.rpartition("; ")
    clauses = [
        f"{said}: {size(outcome.bytes or 0)} to {variants}",
        f"{outcome.strategy}, as {why}" if why else "",
        share,
    ]
    return "; ".join(filter(None, clauses))


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a program reads it: its manifest entry with path, the run's status and the work done."""
    entry = {**manifest.entry(outcome), "path": outcome.path, "status": outcome.status}
    return {**entry, "work": work_json(outcome.work)}


def _line(kind: str, value: dict[str, Any]) -> None:
    print(json.dumps({"type": kind, **value}), flush=True)
