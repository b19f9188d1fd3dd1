"""A file of another tree beside its original, and what is worth a word of its size and shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from semopt.findings import HOLDS, Finding, Verdict
from semopt.types import Score

SHAPE = 0.01  # share by which the ratio of the sides may differ, beside the pixel that rounding takes


@dataclass(frozen=True, slots=True)
class Compared:
    """One file beside its original. other: None where the original has none, or cannot be read.

    width_before, height_before, width, height: upright px, 0 where unknown. notes: clauses about what is no fault in
    itself, as that it is larger or cropped. scores: by judge.
    """

    path: str
    other: str | None
    verdict: Verdict
    reason: str = ""
    notes: tuple[str, ...] = ()
    bytes_before: int = 0
    bytes: int = 0
    width_before: int = 0
    height_before: int = 0
    width: int = 0
    height: int = 0
    scores: tuple[tuple[str, Score], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether this is as it should be."""
        return self.verdict in HOLDS

    @property
    def finding(self) -> Finding:
        """The same as any check's. Where both have one name, that is said once."""
        name = self.other or self.path
        of = "" if name == self.path else f" (its original: {self.path})"
        return Finding(
            name, self.verdict, "; ".join(filter(None, [self.reason + of if self.reason else "", *self.notes]))
        )


def notes(one: Compared) -> Iterator[str]:
    """What is worth a word of a file's size and shape."""
    if one.bytes > one.bytes_before:
        yield f"{one.bytes - one.bytes_before:,} bytes larger than the original"
    before, now = (one.width_before, one.height_before), (one.width, one.height)
    if _alike(before, now):
        return
    box = f"{one.width}x{one.height} of {one.width_before}x{one.height_before} px"
    if _alike(before, now[::-1]):
        yield f"lies on its side ({box}): its orientation was lost"
    else:
        yield f"cropped or stretched ({box})"


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether one size is the other scaled, as far as whole pixels allow."""
    wide, high = one[0] * other[1] / one[1], one[1] * other[0] / one[0]
    return any(abs(meant - real) <= max(1, SHAPE * meant) for meant, real in ((wide, other[0]), (high, other[1])))
