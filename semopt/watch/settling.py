"""Tells which changes are whole: files that nobody is still writing. Knows no clock and no disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from semopt.types import Stat

Sight = Mapping[str, Stat | str | None]
"""What stands at a path: a file's stat, the reason why it is left alone, or nothing."""

SETTLED_S = 0.2  # a file that looks the same after this time is taken for whole,
WRITING_S = 2.0  # or after this one where it is known that a writer has not closed it: a copy may pause for a second;
REPEATED_S, SOON_S = 0.5, 1.0  # and after the first of these, closed or not, where it was built the second time ago


def differing(before: Sight, now: Sight) -> dict[str, Stat | str | None]:
    """Paths at which something else stands than before, with what stands there now."""
    return {path: now.get(path) for path in {**before, **now} if before.get(path) != now.get(path)}


YOUNG_S = 2.0  # an image that fails this soon after it changed is tried once more before that is said;
AGAIN_S = 10.0  # one that went on failing is tried again after this time, then after twice that,
SELDOM_S = 600.0  # and in the end as seldom as this: a disk is no longer full, a foreign file no longer in the way


@dataclass
class Retries:
    """Images that failed, each with the time at which it is tried again, and the wait after that; in seconds."""

    due: dict[str, tuple[float, float]] = field(default_factory=dict)

    def failed(self, path: str, now: float, young: bool) -> None:
        """Try it again later. young: it may still be on its way."""
        _, wait = self.due.get(path, (0.0, AGAIN_S))
        self.due[path] = (now + YOUNG_S, AGAIN_S) if young else (now + wait, min(2 * wait, SELDOM_S))

    def done(self, path: str) -> None:
        """It failed no more."""
        self.due.pop(path, None)

    def forget_all_but(self, paths: Collection[str]) -> None:
        """Drop what is gone."""
        self.due = {path: one for path, one in self.due.items() if path in paths}

    def ripe(self, now: float) -> set[str]:
        """Those to try now."""
        return {path for path, (at, _) in self.due.items() if at <= now}

    def seconds(self, now: float) -> float:
        """Until the next is ripe."""
        return min((at for at, _ in self.due.values()), default=float("inf")) - now


@dataclass
class Settling:
    """Changes that were seen, each with the time since which it has looked the same, in seconds.

    at: when those of the last builds were built. So the first save is built at once, and of more in a row the last one.
    """

    since: dict[str, tuple[Stat | str | None, float]] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)

    def whole(self, changed: Sight, now: float, closed: Collection[str], writing: Collection[str]) -> set[str]:
        """The paths that may be built. closed: their writers are done. writing: their writers are not."""
        for path, stands in changed.items():
            if path not in self.since or self.since[path][0] != stands:
                self.since[path] = (stands, now)
        return {path for path in changed if now - self.since[path][1] >= self._patience(path, closed, writing)}

    def age(self, path: str, now: float) -> float:
        """For how long a path has looked as it does; for ever where it was never seen to change."""
        return now - self.since[path][1] if path in self.since else float("inf")

    def forget_all_but(self, paths: Collection[str]) -> None:
        """Drop what is built."""
        self.since = {path: one for path, one in self.since.items() if path in paths}

    def built(self, paths: Collection[str], now: float) -> None:
        """Note what is built."""
        soon = {path: at for path, at in self.at.items() if now - at < SOON_S}
        self.at = soon | dict.fromkeys(paths, now)

    def _patience(self, path: str, closed: Collection[str], writing: Collection[str]) -> float:
        least = REPEATED_S if self.since[path][1] - self.at.get(path, float("-inf")) < SOON_S else 0.0
        if path in closed:
            return least
        return WRITING_S if path in writing else max(SETTLED_S, least)
