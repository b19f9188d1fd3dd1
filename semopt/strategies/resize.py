"""`resize`: the blog post's first compressor, 10 px smaller a step until the top class changes.

It is the post's loop and no good search: an image whose shorter side has 3,000 px takes up to 300 network passes. Each
size is made from the original, at the best quality of the encoder's ladder, by default as JPEG, which costs least to
encode; of several formats the smallest file of each size counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from semopt.search.lattice import fits
from semopt.search.steps import until_lost
from semopt.strategies import FORMATS
from semopt.strategies.value import Plain
from semopt.types import Candidate, Encoder, Problem, Search, Source

STEP_PX = 10
MOST_STEPS = 1000  # the shorter side of an image under the default limits.max_pixels has 707 of them at most


def sizes(source: Source) -> Iterator[tuple[int, int]]:
    """Width and height in px of each step: in a box 10 px less in both directions, in the original's proportions.

    At most 1,000, down to 1 px.
    """
    width, height = source.width, source.height
    for _ in range(MOST_STEPS):
        box = max(1, width - STEP_PX), max(1, height - STEP_PX)
        share = min(box[0] / source.width, box[1] / source.height)
        smaller = max(1, round(source.width * share)), max(1, round(source.height * share))
        if smaller == (width, height):
            return
        width, height = smaller
        yield smaller


def _find(problem: Problem) -> Search:
    steps = (
        [Candidate(e.name, *size, _quality(e)) for e in problem.encoders if fits(e, *size)]
        for size in sizes(problem.source)
    )
    return until_lost(problem, steps)


def _quality(encoder: Encoder) -> int | None:
    return encoder.ladder[-1] if encoder.ladder else None


RESIZE = Plain("resize", "machines", FORMATS["resize"], "smallest", True, _find)
