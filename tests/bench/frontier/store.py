"""What was made and seen before, in one SQLite file, so that a second run costs seconds."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

Answer = tuple[int, float]
"""A judge's top class and its probability."""

TABLES = """
create table if not exists files (photo text, way text, content blob, note text, primary key (photo, way));
create table if not exists answers (shown text, judge text, class integer, share real, primary key (shown, judge));
create table if not exists scores (shown text, metric text, value real, primary key (shown, metric));
"""
AT_ONCE = 500  # SQLite binds at most 32,766 values in one statement, older ones 999


class Store:
    """Files by photograph and way, answers by what was shown and judge, scores by what was compared and metric.

    Photographs and what is shown are named by sha256. A way's name holds everything that its file depends on.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(file)
        self._base.executescript("pragma journal_mode=wal; pragma synchronous=off;" + TABLES)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def files(self, photo: str, ways: Sequence[str]) -> dict[str, tuple[bytes | None, dict[str, float]]]:
        """What is there of these ways: content (None where the original was kept) and notes in numbers."""
        rows = self._rows("select way, content, note from files where photo = ? and way in ({})", photo, ways)
        return {way: (content, json.loads(note)) for way, content, note in rows}

    def keep(self, photo: str, way: str, content: bytes | None, note: Mapping[str, float]) -> None:
        """Add a file."""
        self._base.execute("insert or replace into files values (?, ?, ?, ?)", (photo, way, content, json.dumps(note)))
        self._base.commit()

    def answers(self, judge: str, shown: Sequence[str]) -> dict[str, Answer]:
        """What is there of a judge's answers."""
        rows = self._rows("select shown, class, share from answers where judge = ? and shown in ({})", judge, shown)
        return {name: (top, share) for name, top, share in rows}

    def answered(self, judge: str, answers: Iterable[tuple[str, Answer]]) -> None:
        """Add a judge's answers."""
        rows = [(shown, judge, *answer) for shown, answer in answers]
        self._base.executemany("insert or replace into answers values (?, ?, ?, ?)", rows)
        self._base.commit()

    def scores(self, metric: str, shown: Sequence[str]) -> dict[str, float]:
        """What is there of a metric's values."""
        return dict(self._rows("select shown, value from scores where metric = ? and shown in ({})", metric, shown))

    def scored(self, metric: str, values: Iterable[tuple[str, float]]) -> None:
        """Add a metric's values."""
        rows = [(shown, metric, value) for shown, value in values]
        self._base.executemany("insert or replace into scores values (?, ?, ?)", rows)
        self._base.commit()

    def _rows(self, statement: str, first: str, names: Sequence[str]) -> Iterator[tuple]:  # type: ignore[type-arg]
        for start in range(0, len(names), AT_ONCE):
            part = names[start : start + AT_ONCE]
            yield from self._base.execute(statement.format(", ".join("?" * len(part))), (first, *part))
