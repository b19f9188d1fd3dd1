"""The fixed lattice of candidates: sizes in steps of the square root of two, each encoder's ladder, refined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from semopt.types import Candidate, Encoder, Problem, Source

SMALLEST = 32
STEP = 2**0.5
PARTS = 2  # of the step from one rung of a ladder to the next, which is 1.2 to 1.35 times the bytes. On 13 photographs
# 6,639 bytes in the mean; 6,943 with 1, and 7,118 with 3, whose lattice takes 3 passes more and is searched less well


def scaled(source: Source, width: int) -> tuple[int, int]:
    """Width and height in px at a width, which is never above the original's."""
    width = min(width, source.width)
    return width, max(1, round(source.height * width / source.width))


def displayed(problem: Problem) -> list[tuple[int, int]]:
    """The sizes that people are shown: the original's, or one for each width; none above `max_width`."""
    source = problem.source
    most = min(source.width, problem.max_width or source.width)
    widths = sorted({min(width, most) for width in problem.widths or (most,)})
    return [scaled(source, width) for width in widths]


def sizes(source: Source, min_width: int | None = None, max_width: int | None = None) -> list[tuple[int, int]]:
    """Width and height in px, smallest first: longest side 32 px, 45 px and so on, and the largest allowed.

    The last step below the largest is left out where it is within a tenth of it.
    """
    largest = scaled(source, max_width or source.width)
    longest = max(largest)
    found = []
    side = float(SMALLEST)
    while side < longest * 0.9:
        scale = side / max(source.width, source.height)
        found.append((max(1, round(source.width * scale)), max(1, round(source.height * scale))))
        side *= STEP
    return [size for size in found if size[0] >= (min_width or 0)] + [largest]


def fits(encoder: Encoder, width: int, height: int) -> bool:
    """Whether the format can hold an image of this size."""
    return max(width, height) <= encoder.max_side and width * height <= encoder.max_pixels


def refined(ladder: Sequence[int]) -> list[int]:
    """A ladder of qualities with the steps between its rungs parted."""
    between = [low + round((high - low) * part / PARTS) for low, high in pairwise(ladder) for part in range(PARTS)]
    return sorted({*between, *ladder[-1:]})


def lattice(
    source: Source, encoders: Iterable[Encoder], min_width: int | None = None, max_width: int | None = None
) -> list[Candidate]:
    """Every lossy candidate, by encoder, then size, then quality."""
    return [
        Candidate(encoder.name, width, height, quality)
        for encoder in encoders
        for width, height in sizes(source, min_width, max_width)
        if fits(encoder, width, height)
        for quality in refined(encoder.ladder)
    ]


def neighbours(candidates: Sequence[Candidate]) -> list[list[int]]:
    """For each candidate the indices of its next larger size and of the quality a rung above, where there are such.

    A candidate that passes while one of these fails passed by luck: recognition is not monotone. Less than a rung above
    the top the best quality serves.
    """
    ladders: dict[tuple[str, int, int], list[tuple[int, ...]]] = {}
    columns: dict[tuple[str, int, int], list[tuple[int, ...]]] = {}
    for index, one in enumerate(candidates):
        quality = one.quality if one.quality is not None else 0
        ladders.setdefault((one.encoder, one.width, one.height), []).append((quality, index))
        columns.setdefault((one.encoder, quality, 0), []).append((one.width, one.height, index))
    above: list[list[int]] = [[] for _ in candidates]
    for chains, step in ((ladders, PARTS), (columns, 1)):
        for chain in chains.values():
            places = [index for *_, index in sorted(chain)]
            for place, lower in enumerate(places[:-1]):
                above[lower].append(places[min(place + step, len(places) - 1)])
    return above


def order(candidate: Candidate, size: int, encoders: Sequence[Encoder]) -> tuple[int, int, int, int]:
    """The total order of candidates: bytes, then pixels, then the encoder's place in the table, then quality."""
    place = [encoder.name for encoder in encoders].index(candidate.encoder)
    return size, candidate.width * candidate.height, place, candidate.quality or 0
