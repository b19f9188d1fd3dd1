"""Trials below what the rule asks for, where images share the bytes of `spend`: what there is to give up, and for what.

A search asks no more than it must, so that its trials lie close above and below what it finds. Here at each of STEPS of
those bytes the candidate is tried that promises most, recognised or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import numpy as np

from semopt.search.surrogate import Array
from semopt.types import Request

STEPS = (0.85, 0.7, 0.5)
ENCODES = 3  # for one step: the bytes of what promises most may turn out to be more than it allows
OVER = 0.08  # as a logarithm of bytes, by which they may be more

One = TypeVar("One")
Belief = tuple[Sequence[One], Array, Array]
"""Candidates, the logarithms of their bytes, and how good each is, by any measure."""


def below(
    found: int,
    belief: Callable[[], Belief[One]],
    encode: Callable[[One], Generator[Request, Any, int | None]],
    show: Callable[[One], Generator[Request, Any, None]],
) -> Generator[Request, Any, None]:
    """Show a candidate at each step below what was found, in bytes.

    encode: a candidate that may have been encoded; gives its bytes, None where that cannot be. show: one that may have
    been shown.
    """
    for step in STEPS:
        most = math.log(step * found)
        for _ in range(ENCODES):
            ones, sizes, good = belief()
            able = np.flatnonzero(sizes <= most)
            if not len(able):
                return
            one = ones[able[np.argmax(good[able])]]
            size = yield from encode(one)
            if size is not None and math.log(size) <= most + OVER:
                yield from show(one)
                break
