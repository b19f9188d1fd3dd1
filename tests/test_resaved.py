"""Photographs saved once more, for fits."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from conftest import encoded, photo
from tests.bench.resaved import LEAST, resaved


def test_a_seed_draws_the_same_files_and_what_is_there_stays(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("x/a.png", "x/b.png", "x/c.png", "y/a.png")]
    for seed, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(encoded(photo(200, 150, seed), "PNG"))
    first = list(resaved(files, tmp_path / "one", 1))
    again, other = list(resaved(files, tmp_path / "two", 1)), list(resaved(files, tmp_path / "three", 2))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]
    assert [file.read_bytes() for file in first] != [file.read_bytes() for file in other]
    assert all(200 * LEAST - 1 <= Image.open(file).width <= 200 for file in first)
    first[0].write_bytes(b"kept")
    assert [file.name[:2] for file in resaved(files, tmp_path / "one", 1)] == ["a-", "b-", "c-", "a-"]
    assert len(set(resaved(files, tmp_path / "one", 1))) == 4
    assert first[0].read_bytes() == b"kept"
