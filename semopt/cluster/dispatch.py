"""Which worker of a cluster gets which image, and what becomes of it when that worker dies. Knows no Ray."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from semopt import regular
from semopt.cluster.messages import Fault, Greeting, Notice, Terms
from semopt.engine import GRACE_S, LEFT
from semopt.orders import Found, Order
from semopt.types import ClusterError

TICK_S = 0.5  # how often the clock and the cluster are looked at
PATIENCE_S = 30.0  # without any node that has a core: as long as one may take to come back, or to be started
OVERDUE_S = 10.0  # what an answer may still take on its way when the time is up
DEATHS = 3
"""Workers that an image may take with it: one may have died of something else, the third has died of the image."""
STILLBORN = 20  # workers in succession that died before they said a word
AHEAD_BYTES = 10_000_000
"""A larger image is not sent before its worker is free; smaller ones are on their way while it still has another."""


@dataclass(eq=False)
class Hand:
    """A worker that was asked for. ready: it has greeted. parked: not to be used, but it holds its core, so that the
    next that is asked for comes up elsewhere. orders: that it has, the one in work first."""

    ready: bool = False
    parked: bool = False
    orders: list[Order] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker is gone, for this reason."""

    reason: str


Answer = Greeting | Found | Fault | Lost


class Fleet(Protocol):
    """The cluster."""

    def cores(self) -> int:
        """Those of all nodes that are alive."""
        ...

    def hire(self) -> Hand:
        """Ask for a worker; its greeting comes once it is there."""
        ...

    def give(self, hand: Hand, order: Order, content: bytes, seconds: float) -> None:
        """Have an image searched. One worker takes its orders one after the other."""
        ...

    def answers(self, seconds: float) -> list[tuple[Hand, Answer]]:
        """What has come, within so many seconds; of a worker that is lost the loss alone, and once."""
        ...

    def dismiss(self, hand: Hand) -> None:
        """End a worker."""
        ...


class Dispatch:
    """All orders of one build. parts: by which the answers of this machine are known, as `Greeting.parts`."""

    def __init__(self, fleet: Fleet, terms: Terms, parts: tuple[Mapping[str, Any], ...]) -> None:
        self._fleet, self._terms, self._parts = fleet, terms, parts
        self._until = float("inf") if terms.seconds is None else time.monotonic() + terms.seconds
        self._waiting = deque(terms.orders)
        self._hands: list[Hand] = []
        self._deaths: Counter[int] = Counter()
        self._said: set[str] = set()
        self._stillborn, self._reason = 0, ""
        self._useful = time.monotonic()  # when there was last a worker to be used, or a core to hope for

    def founds(self) -> Iterator[Found | Notice]:
        """What was found, in the order in which it comes. Raises EvaluatorError, and ClusterError."""
        while (self._waiting or self._busy) and time.monotonic() < self._until:
            self._hire()
            yield from self._give()
            yield from self._next()
        while self._busy and time.monotonic() < self._until + GRACE_S + OVERDUE_S:
            yield from self._next()
        yield from (Found(order, "left", LEFT) for order in (*self._busy, *self._waiting))

    @property
    def _busy(self) -> list[Order]:
        return [order for hand in self._hands for order in hand.orders]

    @property
    def _usable(self) -> list[Hand]:
        return [hand for hand in self._hands if not hand.parked]

    def _hire(self) -> None:
        """As many workers as are wanted and may come, and no more than there are images. Raises ClusterError."""
        cores, parked = self._fleet.cores(), len(self._hands) - len(self._usable)
        images = len(self._waiting) + len(self._busy)
        room = cores - parked
        if room > 0 or any(hand.ready for hand in self._usable):
            self._useful = time.monotonic()
        elif parked and parked >= cores > 0:
            raise ClusterError(f"no node of the Ray cluster can be used: {self._reason}")
        if time.monotonic() > self._useful + PATIENCE_S:
            raise ClusterError(
                "no node of the Ray cluster is left; what was finished is kept, and the next build goes on"
            )
        for _ in range(min(self._terms.workers or images, max(room, 1), images) - len(self._usable)):
            self._hands.append(self._fleet.hire())

    def _give(self) -> Iterator[Found]:
        """Every worker has one image, and where there are plenty another on its way."""
        for most in (1, 2):
            for hand in [hand for hand in self._usable if hand.ready]:
                while self._waiting and len(hand.orders) < most and self._may_go(self._waiting[0], most):
                    yield from self._given(hand, self._waiting.popleft())

    def _may_go(self, order: Order, most: int) -> bool:
        """Whether this image may be sent to where another is in work: its seconds would run while it waits."""
        plenty = len(self._waiting) > len(self._hands) and self._until == float("inf")
        return most == 1 or (plenty and not self._deaths[order.number] and order.task.asset.stat.size <= AHEAD_BYTES)

    def _given(self, hand: Hand, order: Order) -> Iterator[Found]:
        asset = order.task.asset
        try:
            content = regular.read(asset.file, asset.stat.size + 1)  # one that grew is seen to be another, and no more
        except OSError as error:
            yield Found(order, "unreadable", f"cannot be read: {error.strerror or error}")
            return
        hand.orders.append(order)
        self._fleet.give(hand, order, content, self._until - time.monotonic())

    def _next(self) -> Iterator[Found | Notice]:
        for hand, answer in self._fleet.answers(TICK_S):
            if hand not in self._hands:
                continue
            if isinstance(answer, Fault):
                raise answer.error(answer.text)
            if isinstance(answer, Lost):
                yield from self._lost(hand, answer.reason)
            elif isinstance(answer, Greeting):
                yield from self._greeted(hand, answer)
            else:
                yield from self._found(hand, answer)

    def _greeted(self, hand: Hand, greeting: Greeting) -> Iterator[Notice]:
        """A worker may search where its answers are those of this machine."""
        self._stillborn = 0
        reason = greeting.fault or _difference(self._parts, greeting.parts)
        if not reason:
            hand.ready = True
            return
        hand.parked, self._reason = True, reason
        yield from self._say(f"node {greeting.node} of the Ray cluster is not used: {reason}")

    def _say(self, text: str) -> Iterator[Notice]:
        """Once."""
        if text not in self._said:
            self._said.add(text)
            yield Notice(text)

    def _found(self, hand: Hand, found: Found) -> Iterator[Found]:
        """A worker of a machine that is being shut down sees its own process die first: tried again, as a loss is."""
        order = next(order for order in hand.orders if order.number == found.order.number)
        hand.orders.remove(order)
        if found.kind == "died" and self._again(order):
            return
        yield found

    def _lost(self, hand: Hand, reason: str) -> Iterator[Found]:
        """Its images go to others; of several it was at the first."""
        self._hands.remove(hand)
        self._fleet.dismiss(hand)
        if not hand.ready:
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                raise ClusterError(f"workers on the Ray cluster die before they can work: {reason}")
        self._waiting.extendleft(reversed(hand.orders[1:]))
        if hand.orders and not self._again(hand.orders[0]):
            yield Found(hand.orders[0], "died", f"the worker died ({reason}), {DEATHS} times")

    def _again(self, order: Order) -> bool:
        """Whether an image that a worker died of is tried once more; then at once and alone."""
        self._deaths[order.number] += 1
        if self._deaths[order.number] >= DEATHS:
            return False
        self._waiting.appendleft(order)
        return True


def _difference(ours: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]]) -> str:
    """In words, why the answers of another machine would not be those of this one; empty where they would be."""
    for here, there in zip(ours, theirs, strict=True):
        for what in here:
            if here[what] != there.get(what):
                return f"its {what} {_first(there.get(what), here[what])}; install the same versions there"
    return ""


def _first(theirs: Any, ours: Any) -> str:
    """The first of two lists' items that differ, or the two values."""
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        theirs, ours = next((there, here) for there, here in zip(theirs, ours, strict=True) if there != here)
    return f"are {theirs!r}, and here {ours!r}"
