"""Shares with intervals, the best single setting at an agreement, and what a way's bytes are to its bytes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.bench.frontier.evaluate import Row

DRAWS = 2000


@dataclass(frozen=True)
class Single:
    """Rows of single settings as arrays. sizes: (photos, settings). held: by all judges asked, (photos, settings)."""

    names: tuple[str, ...]
    sizes: Any
    held: Any

    def first(self, count: int) -> Single:
        """On the first photographs only."""
        return Single(self.names, self.sizes[:count], self.held[:count])


@dataclass(frozen=True)
class Ratio:
    """A way's mean bytes over those of the best single setting that agrees as often, with a 95 % interval.

    setting: that one's name. It is None where only the originals agree as often; the ratio is then to their bytes.
    """

    value: float
    low: float
    high: float
    setting: str | None


def agreed(row: Row, names: Sequence[str], without: Collection[str] = ()) -> Any:
    """Whether every judge still agrees, (photos,); those that took part here, or in `without`, are not asked."""
    asked = [place for place, name in enumerate(names) if name not in row.took_part and name not in without]
    return row.held[:, asked].all(axis=1)


def single(rows: Sequence[Row], names: Sequence[str], without: Collection[str] = ()) -> Single:
    """Rows of single settings, as the judges that are asked see them."""
    held = np.stack([agreed(row, names, without) for row in rows], axis=1)
    return Single(tuple(row.name for row in rows), np.stack([row.sizes for row in rows], axis=1), held)


def best_at(grid: Single, share: float) -> int | None:
    """The setting of least mean bytes with at least this agreement, None where there is none."""
    means, shares = grid.sizes.mean(axis=0), grid.held.mean(axis=0)
    fit = np.flatnonzero(shares >= share - 1e-9)
    return int(fit[means[fit].argmin()]) if len(fit) else None


def frontier(grid: Single) -> list[int]:
    """The settings that no other one beats in both, by bytes."""
    means, shares = grid.sizes.mean(axis=0), grid.held.mean(axis=0)
    found: list[int] = []
    for place in np.lexsort((-shares, means)):
        if not found or shares[place] > shares[found[-1]]:
            found.append(int(place))
    return found


def ratio(sizes: Any, held: Any, grid: Single, originals: Any, seed: int = 0) -> Ratio:
    """A way against the best single setting at its own agreement, on the same photographs.

    The interval is of 2,000 draws of photographs with replacement (Efron 1979, percentiles); in each, agreement and
    the best setting are found anew, so that the doubt about both is in it.
    """
    count = len(sizes)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), DRAWS) / count
    values = [_ratio(weights, sizes, held, grid, originals) for weights in draws]
    value = _ratio(np.full(count, 1 / count), sizes, held, grid, originals)
    low, high = np.quantile(values, (0.025, 0.975))
    place = best_at(grid, held.mean())
    return Ratio(value, float(low), float(high), None if place is None else grid.names[place])


def _ratio(weights: Any, sizes: Any, held: Any, grid: Single, originals: Any) -> float:
    fit = weights @ grid.held >= weights @ held - 1e-9
    least = (weights @ grid.sizes)[fit].min() if fit.any() else weights @ originals
    return float(weights @ sizes / least)
