"""How much of a text is still read: the character error rate between two readings, by place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from semopt.evaluators.reading import Array, Reading

CONFIDENT = 0.97
"""Of a line in the mean. On screenshots 97 % of the characters stand on such lines; the others, icons and lettering on
pictures, are read otherwise after a copy in which nobody sees a difference."""

SHORTEST = 3
"""Characters. Icons are read as one or two, with confidence."""

LINE, CODE, CONFIDENCE, X, Y, HEIGHT = range(6)


def error_rate(reference: Reading, observed: Reading) -> float | None:
    """Edits over characters, of what is read with confidence in the reference; None where that is nothing.

    Each line of the reference is compared with what is read in its place, however it was cut into lines there. What
    is read before and after it counts as somebody else's. 0: all can still be read; 1: nothing.
    """
    scale = reference.size / observed.size
    places = observed.characters[:, X : Y + 1].astype(np.float64) * scale
    edits = total = 0
    for line in _lines(reference):
        total += len(line)
        there = observed.characters[_in_place(line, places, observed.characters[:, LINE]), CODE]
        edits += distance(line[:, CODE], there)
    return edits / total if total else None


def _lines(reading: Reading) -> Iterator[Array]:
    """The rows of each line that is long and clear enough to be held against a variant."""
    rows = reading.characters
    for number in np.unique(rows[:, LINE]):
        line = rows[rows[:, LINE] == number]
        if len(line) >= SHORTEST and line[:, CONFIDENCE].mean() >= CONFIDENT:
            yield line


def _in_place(line: Array, places: npt.NDArray[np.float64], lines: Array) -> npt.NDArray[np.intp]:
    """Which characters stand on a line or less than its height before and after it, in the order of reading."""
    first, last = line[0, X : Y + 1].astype(np.float64), line[-1, X : Y + 1].astype(np.float64)
    length, height = float(np.hypot(*(last - first))), float(line[:, HEIGHT].mean())
    ahead = (last - first) / length if length else np.array([1.0, 0.0])
    along = (places - first) @ ahead
    aside = np.abs((places - first) @ np.array([-ahead[1], ahead[0]]))
    chosen = np.flatnonzero((aside < height / 2) & (along > -height) & (along < length + height))
    # Line by line, so that two that overlap by a pixel are not shuffled into each other
    start = {number: along[chosen][lines[chosen] == number].min() for number in np.unique(lines[chosen])}
    return chosen[np.lexsort((chosen, [start[number] for number in lines[chosen]]))]


def distance(wanted: Array, found: Array) -> int:
    """The fewest insertions, deletions and exchanges that make `wanted` of a part of `found`, the best part."""
    costs = np.zeros(len(found) + 1, np.int64)  # of making nothing of what ends here: no charge for what came before
    steps = np.arange(len(found) + 1)
    for number, one in enumerate(wanted, 1):
        exchanged = costs[:-1] + (found != one)
        best = np.concatenate([[number], np.minimum(exchanged, costs[1:] + 1)])
        costs = np.minimum.accumulate(best - steps) + steps
    return int(costs.min())
