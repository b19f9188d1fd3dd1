"""What a person, or a program, sees of a build: lines on stdout, a bar and failures on stderr."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from semopt import manifest
from semopt.records import work_json
from semopt.types import Config, Outcome

if TYPE_CHECKING:
    from semopt.pipeline import Step


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
    failures: list[str] = field(default_factory=list)
    rows: dict[str, _Row] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    _bar: Any = None

    @property
    def live(self) -> bool:
        """Whether a person watches: bars are for terminals only."""
        return sys.stderr is not None and sys.stderr.isatty() and not self.quiet

    def planned(self, images: int) -> None:
        """The number of images is known: start the bar."""
        if self.live and images:
            from tqdm import tqdm

            self._bar = tqdm(total=images, unit="image", file=sys.stderr, leave=False, dynamic_ncols=True)

    def step(self, step: Step) -> None:
        """One line of a dry run."""
        if step.action == "fail":
            self.failures.append(f"{printable(step.path)}: {printable(step.reason)}")
        if self.as_json:
            _line("step", asdict(step))
        elif not self.quiet:
            does = {"search": "would be searched", "restore": "would be restored from the cache", "none": "up to date"}
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
            self._bar.update()
        if self.as_json:
            _line("outcome", outcome_json(outcome))
        elif self.verbose:
            print(sentence(outcome))

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
            print(failure, file=sys.stderr)

    def _add(self, outcome: Outcome) -> None:
        if outcome.bytes is None or outcome.status not in ("optimized", "cached", "kept"):
            return
        row = self.rows.setdefault(self._label(outcome), _Row())
        row.images += 1
        row.written += bool(outcome.variants)
        row.original += outcome.bytes
        row.smallest += min((variant.bytes for variant in outcome.variants), default=outcome.bytes)

    def _label(self, outcome: Outcome) -> str:
        globs = {rule.name: ", ".join(rule.match) for rule in self.config.rules}
        where = globs.get(outcome.rule or "", "every other image" if self.config.rules else "every image")
        return f"{where if len(where) <= 26 else where[:25] + '…'} · {outcome.strategy}"

    def _summary(self) -> Iterable[str]:
        """The table by rule, and where everything is; at most 80 columns."""
        if not self.rows:
            yield "No image was optimised." if self.statuses else "There are no images here."
        else:
            yield f"{'':<37} {'images':>6} {'written':>7} {'original':>9} {'smallest':>9} {'saved':>6}"
            for label, row in self.rows.items():
                yield _table_row(label, row)
            if len(self.rows) > 1:
                yield _table_row("together", _together(self.rows.values()))
        counts = [f"{count} {status}" for status, count in sorted(self.statuses.items())]
        yield f"{', '.join(counts)}. Manifest: {_near(self.config)}" if counts else f"Looked in {self.config.assets}"


def _near(config: Config) -> str:
    """The manifest's path, relative to where the person stands if that is shorter."""
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


def _table_row(label: str, row: _Row) -> str:
    saved = f"{100 * (1 - row.smallest / row.original):.0f} %" if row.original else ""
    sizes = f"{size(row.original):>9} {size(row.smallest):>9}"
    return f"{printable(label):<37} {row.images:>6} {row.written:>7} {sizes} {saved:>6}"


def sentence(outcome: Outcome) -> str:
    """One outcome in one line."""
    said = f"{printable(outcome.path)}: {outcome.status}"
    if not outcome.variants:
        return f"{said}: {printable(outcome.reason)}" if outcome.reason else said
    variants = ", ".join(f"{one.format} {one.width}x{one.height} {size(one.bytes)}" for one in outcome.variants)
    why = f"; {outcome.strategy}, as {printable(outcome.reason)}" if outcome.reason else ""
    return f"{said}: {size(outcome.bytes or 0)} to {variants}{why}"


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a program reads it: its manifest entry with path, the run's status and the work done."""
    entry = {**manifest.entry(outcome), "path": outcome.path, "status": outcome.status}
    return {**entry, "work": work_json(outcome.work)}


def _line(kind: str, value: dict[str, Any]) -> None:
    print(json.dumps({"type": kind, **value}), flush=True)


def size(count: int) -> str:
    """Bytes for people, in decimal units."""
    if count < 1000:
        return f"{count} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if count < 999.5 * scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count / 1e12:.3g} TB"


def printable(text: str) -> str:
    """A name that cannot act on a terminal: control characters and undecodable bytes are written out."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
