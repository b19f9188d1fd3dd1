"""What is under search at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import semopt
from conftest import Tree, drawing, encoded
from semopt import engine


@pytest.mark.parametrize("each", [1, 3 * 120 * 90, 10**9])
def test_pixels_under_search_are_bounded_over_all_workers(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    for number in range(6):
        image = drawing(120, 90)
        image.putpixel((number, 0), (0, 0, 0))
        tree.put(f"{number}.png", encoded(image, "PNG", compress_level=0))
    monkeypatch.setattr(engine, "PIXELS_EACH", each)
    most = []
    begun = engine.Engine._begun

    def counted(self: Any, run: Any) -> Iterator[Any]:
        others = [one for one in self._runs.values() if one.search is not None]
        most.append((len(others) + 1) * 120 * 90)
        yield from begun(self, run)

    monkeypatch.setattr(engine.Engine, "_begun", counted)
    assert [outcome.status for outcome in semopt.build(tree.root, jobs=2)] == ["optimized"] * 6
    assert len(most) == 6
    assert max(most) <= max(2 * each, 120 * 90)  # one that is larger than the bound is searched alone
