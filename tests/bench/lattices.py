"""Bytes and scores of every candidate of the lattice, for real photographs: what fitting and simulation start from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from semopt.atomic import digest
from semopt.encoders import ENCODERS
from semopt.records import score_json
from semopt.search.lattice import lattice
from semopt.session import Opening, Session
from semopt.types import Candidate, Evaluator, Limits, Score, Source

LOSSY = tuple(encoder for encoder in ENCODERS.values() if encoder.ladder)


@dataclass(frozen=True)
class Table:
    """One photograph: bytes and scores of each candidate."""

    file: str
    source: Source
    bytes: dict[Candidate, int]
    scores: dict[Candidate, dict[str, Score]]


def measured(file: Path, judges: dict[str, Evaluator]) -> Table:
    """Encode and judge everything; seconds to minutes."""
    opening = Opening(file, digest(file.read_bytes()), Limits(), (255, 255, 255), "strip")
    session = Session(opening)
    (original,) = session.views([None])
    references = {name: judge.observe([original])[0] for name, judge in judges.items()}
    sizes, scores = {}, {}
    for one in lattice(session.source, LOSSY):
        (size,) = session.encode([one])
        if size is not None:
            (image,) = session.views([one])
            sizes[one] = size
            scores[one] = {n: j.compare(references[n], j.observe([image])[0]) for n, j in judges.items()}
    return Table(str(file), session.source, sizes, scores)


def kept(files: Iterable[Path], judges: dict[str, Evaluator], store: Path) -> Iterator[Table]:
    """Tables of these files, taken from a file of lines where they are there, else measured and added to it."""
    known = {table.file: table for table in _read(store)}
    for file in files:
        if str(file) not in known:
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
    return Table(str(value["file"]), Source(*value["source"]), {one: size for one, size, _ in rows}, scores)  # type: ignore[misc]


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
    store.parent.mkdir(parents=True, exist_ok=True)
    with store.open("a") as stream:
        stream.write(json.dumps({"file": table.file, "source": source, "rows": rows}) + "\n")
