"""Bytes and scores of every candidate of the lattice, for real photographs: what fitting and simulation start from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semopt.atomic import digest
from semopt.encoders import ENCODERS
from semopt.looks import tell
from semopt.records import score_json
from semopt.search.board import LOOKS
from semopt.search.lattice import lattice
from semopt.session import Opening, Session
from semopt.types import Candidate, Evaluator, Limits, Look, Score, Source

LOSSY = tuple(encoder for encoder in ENCODERS.values() if encoder.ladder)


@dataclass(frozen=True)
class Table:
    """One photograph: bytes and scores of each candidate, which are those of every look here.

    original: scores of the original itself, by judge and look.
    """

    file: str
    source: Source
    bytes: dict[Candidate, int]
    scores: dict[Candidate, dict[str, Score]]
    original: dict[str, dict[str, Score]] = field(default_factory=dict)

    def size(self, one: Candidate) -> int | None:
        """Bytes of a candidate, None where its encoder cannot."""
        return self.bytes.get(one)

    def score(self, one: Candidate | None, look: Look, name: str) -> Score:
        """A candidate's score by a judge, or the original's in a look."""
        return self.original[name][look] if one is None else self.scores[one][name]


class Live:
    """One photograph that is encoded and judged when it is asked for, in any look, and nothing twice."""

    def __init__(self, file: Path, judges: dict[str, Evaluator]) -> None:
        self._judges = judges
        self._session = Session(Opening(file, digest(file.read_bytes()), Limits(), (255, 255, 255), "strip"))
        self._seen: dict[tuple[Candidate | None, Look, str], Any] = {}
        self.source = self._session.source

    def size(self, one: Candidate) -> int | None:
        """Bytes of a candidate, None where its encoder cannot."""
        return self._session.encode([one])[0]

    def score(self, one: Candidate | None, look: Look, name: str) -> Score:
        """A candidate's score by a judge in a look; the original's beside its plain look."""
        before = self._sighting(None, "plain" if one is None else look, name)
        return self._judges[name].compare(before, self._sighting(one, look, name))

    def _sighting(self, one: Candidate | None, look: Look, name: str) -> Any:
        key = (one, look, name)
        if key not in self._seen:
            (self._seen[key],) = self._judges[name].observe(self._session.views([one], look))
            if one is None and look != "plain":
                tell(self._judges[name], self._sighting(None, "plain", name), self._seen[key])
        return self._seen[key]


def measured(file: Path, judges: dict[str, Evaluator]) -> Table:
    """Encode and judge everything as it is; seconds to minutes."""
    live = Live(file, judges)
    sizes = {one: live.size(one) for one in lattice(live.source, LOSSY)}
    able = {one: size for one, size in sizes.items() if size is not None}
    scores = {one: {name: live.score(one, "plain", name) for name in judges} for one in able}
    original = {name: {look: live.score(None, look, name) for look in ("plain", *LOOKS)} for name in judges}
    return Table(str(file), live.source, able, scores, original)


def kept(files: Iterable[Path], judges: dict[str, Evaluator], store: Path) -> Iterator[Table]:
    """Tables of these files, taken from a file of lines where they are there, else measured and added to it."""
    known = {table.file: table for table in _read(store)}
    for file in files:
        if str(file) not in known or not judges.keys() <= known[str(file)].original.keys():
            known[str(file)] = measured(file, judges)
            _add(store, known[str(file)])
        yield known[str(file)]


def photographs(folder: Path) -> list[Path]:
    """The images of a folder in an order that has nothing to do with their names."""
    files = [file for file in folder.iterdir() if file.suffix.lower() in (".jpg", ".jpeg", ".png")]
    return sorted(files, key=lambda file: digest(file.name.encode()))


def _read(store: Path) -> Sequence[Table]:
    return [_table(json.loads(line)) for line in store.read_text().splitlines()] if store.exists() else []


def _table(value: dict[str, object]) -> Table:
    rows = [(Candidate(*row[:4]), row[4], row[5]) for row in value["rows"]]  # type: ignore[attr-defined]
    scores = {one: {name: Score(**figures) for name, figures in seen.items()} for one, _, seen in rows}
    original = {
        name: {look: Score(**figures) for look, figures in seen.items()}
        for name, seen in value["original"].items()  # type: ignore[attr-defined]
    }
    source = Source(*value["source"])  # type: ignore[misc]
    return Table(str(value["file"]), source, {one: size for one, size, _ in rows}, scores, original)


def _add(store: Path, table: Table) -> None:
    rows = [
        [
            one.encoder,
            one.width,
            one.height,
            one.quality,
            size,
            {n: score_json(s) for n, s in table.scores[one].items()},
        ]
        for one, size in table.bytes.items()
    ]
    source = [table.source.width, table.source.height, table.source.bytes]
    original = {name: {look: score_json(one) for look, one in seen.items()} for name, seen in table.original.items()}
    store.parent.mkdir(parents=True, exist_ok=True)
    with store.open("a") as stream:
        stream.write(json.dumps({"file": table.file, "source": source, "rows": rows, "original": original}) + "\n")
