"""Means over the neighbours of every candidate of a lattice at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semopt.search.surrogate import Array


class Near:
    """Which neighbours every candidate has, as arrays: they are averaged for all of a lattice at each step."""

    def __init__(self, above: Sequence[Sequence[int]]) -> None:
        most = max(map(len, above), default=0)
        self._counts = np.array([len(near) for near in above])
        self._places = np.array([[*near, *[0] * (most - len(near))] for near in above], dtype=int).reshape(-1, most)
        self._there = np.arange(most) < self._counts[:, None]

    def mean(self, figures: Array, none: float) -> Array:
        """The mean of each candidate's neighbours; `none` where it has none."""
        total = np.where(self._there, figures[self._places], 0.0).sum(axis=1)
        return np.where(self._counts > 0, total / np.maximum(self._counts, 1), none)
