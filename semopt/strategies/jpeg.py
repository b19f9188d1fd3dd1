"""`jpeg`: the blog post's second compressor, re-saved at a random quality a step until the top class changes.

The qualities, 0 to 100, follow from the rule's `seed`. The damage accumulates, so a candidate carries the chain of
qualities before its own. It ends after 100 steps, of which one in the mean has quality 0: what stands that is left.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from semopt.search.lattice import fits
from semopt.search.steps import until_lost
from semopt.strategies import FORMATS
from semopt.strategies.value import Plain
from semopt.types import Candidate, Problem, Search

MOST_STEPS = 100


def _steps(problem: Problem) -> Iterator[list[Candidate]]:
    draw, size = random.Random(problem.seed), (problem.source.width, problem.source.height)
    chain: tuple[int, ...] = ()
    for _ in range(MOST_STEPS):
        quality = draw.randint(0, 100)
        yield [Candidate(e.name, *size, quality, chain) for e in problem.encoders if fits(e, *size)]
        chain = (*chain, quality)


def _find(problem: Problem) -> Search:
    return until_lost(problem, _steps(problem))


JPEG = Plain("jpeg", "machines", FORMATS["jpeg"], "smallest", True, _find)
