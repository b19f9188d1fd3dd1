"""Bytes and SSIMULACRA2 of photographs at any quality and width, measured when first asked for and kept in a file.

What an encoder of another fingerprint wrote is measured anew; a photograph at the same path is taken for the same one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from semopt.atomic import digest
from semopt.encoders import ENCODERS
from semopt.search.lattice import scaled
from semopt.session import Opening, Session
from semopt.types import Candidate, Limits, Source

GRID = {
    "webp": (5, 15, 25, 40, 50, 60, 68, 75, 80, 85, 90, 95),
    "avif": (5, 12, 20, 30, 40, 50, 58, 66, 75, 85, 95),
    "jpeg": (5, 12, 20, 35, 50, 60, 70, 77, 84, 90, 95),
}
"""Qualities that a fit looks at."""


class Sight:
    """One photograph. Opened only when something is asked that is not in the store."""

    def __init__(self, file: Path, store: Store) -> None:
        self.file, self._store = file, store
        self._session: Session | None = None

    @property
    def source(self) -> Source:
        """Size and bytes."""
        if str(self.file) not in self._store.sources:
            source = self._opened().source
            self._store.add([str(self.file), source.width, source.height, source.bytes])
        return Source(*self._store.sources[str(self.file)])

    def measured(self, candidate: Candidate) -> tuple[int | None, float]:
        """Bytes, None where the encoder cannot, and SSIMULACRA2."""
        encoder = ENCODERS[candidate.encoder].fingerprint()
        key = (str(self.file), encoder, candidate.width, candidate.height, candidate.quality)
        if key not in self._store.rows:
            (size,) = self._opened().encode([candidate])
            (figure,) = self._opened().measure([candidate], "ssimulacra2")
            self._store.add([*key, size, round(figure, 3)])
        return self._store.rows[key]

    def grid(self, width: int, formats: Collection[str] = tuple(GRID)) -> Iterator[tuple[Candidate, int, float]]:
        """Candidate, bytes and figure over the grid of some formats at a width in px."""
        size = scaled(self.source, width)
        for encoder in formats:
            for quality in GRID[encoder]:
                one = Candidate(encoder, *size, quality)
                weight, figure = self.measured(one)
                if weight is not None:
                    yield one, weight, figure

    def close(self) -> None:
        """Put the pixels away."""
        self._session = None

    def _opened(self) -> Session:
        if self._session is None:
            opening = Opening(self.file, digest(self.file.read_bytes()), Limits(), (255, 255, 255), "strip")
            self._session = Session(opening)
        return self._session


class Store:
    """A file of lines, read at once and added to."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.sources: dict[str, list[int]] = {}
        self.rows: dict[tuple[str, str, int, int, int | None], tuple[int | None, float]] = {}
        for line in file.read_text().splitlines() if file.exists() else []:
            self._take(json.loads(line))

    def add(self, row: list[object]) -> None:
        """Keep a source (file, width, height, bytes), or file, fingerprint, width, height, quality, bytes, figure."""
        self._take(row)
        with self._file.open("a") as stream:
            stream.write(json.dumps(row) + "\n")

    def _take(self, row: list[object]) -> None:
        if len(row) == 4:
            self.sources[str(row[0])] = row[1:]  # type: ignore[assignment]
        else:
            file, encoder, width, height, quality, size, figure = row
            self.rows[file, encoder, width, height, quality] = (size, figure)  # type: ignore[index, assignment]
