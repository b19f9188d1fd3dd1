"""One scale for every judge: 1 for the original itself, 0.9 for the drift that was found safe, 0 for infinite drift."""

from __future__ import annotations

THRESHOLD = 0.9
"""The default least similarity, of every judge."""

_ODDS = THRESHOLD / (1 - THRESHOLD)


def similarity(drift: float, safe: float) -> float:
    """A judge's own drift (0 or more, any unit) as a calibrated similarity, 0 to 1.

    safe: the drift, in the same unit, that was found safe on photographs that it was not tuned on. Log-odds of the
    answer are linear in the logarithm of the drift, so a margin means the same for every judge. A drift that is not
    a number, as from a network that overflows, is no similarity at all.
    """
    if not drift < float("inf"):
        return 0.0
    return 1.0 / (1.0 + drift / (_ODDS * safe))
