"""The parts of the soak, each for a moment: that they run, and find nothing on so little."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import drawing, encoded, photo
from tests.soak import caches, configs, corpora, kills, together
from tests.soak.report import Options

PARTS = {"kills": (kills, 4), "together": (together, 1), "caches": (caches, 25), "configs": (configs, 30)}


@pytest.mark.skipif(os.name == "nt", reason="signals are another thing on Windows")
@pytest.mark.parametrize("name", PARTS)
def test_a_part(name: str, tmp_path: Path) -> None:
    part, rounds = PARTS[name]
    report = part.run(Options(tmp_path, rounds, seed=3))
    assert report.faults == []
    assert report.figures.total() >= rounds


@pytest.mark.skipif(os.name == "nt", reason="memory is watched by /proc")
def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "photo.jpg").write_bytes(encoded(photo()))
    (corpus / "drawing.png").write_bytes(encoded(drawing(), "PNG"))
    (corpus / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    report = corpora.run(Options(tmp_path / "work", 1, corpora=(corpus,)))
    assert report.faults == []
    assert report.figures["failed"] == 3  # once for each config
