"""Bytes shared out over images: for each one of its choices, so that all together are worth most and fit.

Where every image can have what its search found, nobody gets less than that, and the bytes that are left go where they
lift recognition most. Where not, images give up bytes where it costs least, and nobody gets more. Few choices are
compared one with another. Of many, the steps of each image's lower convex hull are taken in the order of worth by byte
(the multiple-choice knapsack by Lagrange), and what does not fit is passed over, so that no budget gives less worth
than a smaller one: what is passed over is worth more than all that could still be bought for the bytes in hand.

Pure, in whole numbers: sums do not depend on the order of images. Ties go by the images' names, then to fewer bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod

MOST_TOGETHER = 4096
"""Combinations up to which all are compared, in 30 ms: six images of four choices. The hull alone leaves out what lies
above it, which in a folder of two images is worth having; among hundreds it is a thousandth of the whole."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to write an image. bytes: of all its files. worth: any unit, the same for all images."""

    bytes: int
    worth: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What can be done with an image: its options, more bytes always worth more. own: the index of what was found."""

    options: tuple[Option, ...]
    own: int = 0


@dataclass(frozen=True, slots=True)
class Shares:
    """chosen: the index of an option by image. needed: bytes with which every image has what was found for it.

    least: bytes of the smallest options together.
    """

    chosen: dict[str, int]
    needed: int
    least: int


def share_out(wishes: Mapping[str, Wish], budget: int) -> Shares:
    """Choose an option for each image within a budget of bytes; where even the smallest do not fit, those."""
    needed = sum(wish.options[wish.own].bytes for wish in wishes.values())
    least = sum(wish.options[0].bytes for wish in wishes.values())
    first = {name: wish.own if needed <= budget else 0 for name, wish in wishes.items()}
    last = {name: len(wish.options) if needed <= budget else wish.own + 1 for name, wish in wishes.items()}
    open_ = {name: wish.options[first[name] : last[name]] for name, wish in sorted(wishes.items())}
    left = budget - sum(options[0].bytes for options in open_.values())
    if left < 0:
        return Shares(first, needed, least)
    few = prod(map(len, open_.values())) <= MOST_TOGETHER
    chosen = _compared(open_, budget) if few else _bought(open_, left)
    return Shares({name: first[name] + index for name, index in chosen.items()}, needed, least)


def _compared(images: Mapping[str, Sequence[Option]], budget: int) -> dict[str, int]:
    """The best of all combinations that fit. Of those so far only such are kept as no other beats with fewer bytes."""
    states: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]  # bytes, then worth and options below zero
    for options in images.values():
        longer = sorted(
            (spent + option.bytes, lack - option.worth, (*chosen, -index))
            for spent, lack, chosen in states
            for index, option in enumerate(options)
        )
        states = []
        for state in longer:
            if not states or state[1] < states[-1][1]:
                states.append(state)
    *_, best = (chosen for spent, _, chosen in states if spent <= budget)
    return {name: -index for name, index in zip(images, best, strict=True)}


@dataclass(frozen=True, slots=True)
class _Step:
    """From one corner of an image's hull to the next."""

    name: str
    start: int
    end: int
    bytes: int
    worth: int

    @property
    def order(self) -> tuple[Fraction, str, int]:
        """The most worth by byte first."""
        return -Fraction(self.worth, self.bytes), self.name, self.end


def _bought(images: Mapping[str, Sequence[Option]], left: int) -> dict[str, int]:
    """Take steps of worth by byte while they fit; of an image only such as follow one that was taken."""
    chosen = dict.fromkeys(images, 0)
    steps = [step for name, options in images.items() for step in _steps(name, options)]
    for step in sorted(steps, key=lambda step: step.order):
        if chosen[step.name] == step.start and step.bytes <= left:
            chosen[step.name] = step.end
            left -= step.bytes
    return chosen


def _steps(name: str, options: Sequence[Option]) -> Iterator[_Step]:
    """Along the upper side of worth over bytes, where each step is worth less by byte than the one before."""
    corners: list[int] = []
    for index in range(len(options)):
        while len(corners) > 1 and _bends_up(options[corners[-2]], options[corners[-1]], options[index]):
            corners.pop()
        corners.append(index)
    for start, end in pairwise(corners):
        here, there = options[start], options[end]
        yield _Step(name, start, end, there.bytes - here.bytes, there.worth - here.worth)


def _bends_up(one: Option, two: Option, three: Option) -> bool:
    """Whether the second lies on or below the line from the first to the third."""
    return (two.worth - one.worth) * (three.bytes - two.bytes) <= (three.worth - two.worth) * (two.bytes - one.bytes)
