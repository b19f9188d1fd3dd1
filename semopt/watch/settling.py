"""Tells which changes are whole: files that nobody is still writing. Knows no clock and no disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from semopt.types import Stat

Sight = Mapping[str, Stat | str | None]
"""What stands at a path: a file's stat, the reason why it is left alone, or nothing."""

SETTLED_S = 0.2  # a file that looks the same after this time is taken for whole,
WRITING_S = 1.0  # or after this one where it is known that a writer has not closed it


def differing(before: Sight, now: Sight) -> dict[str, Stat | str | None]:
    """Paths at which something else stands than before, with what stands there now."""
    return {path: now.get(path) for path in {**before, **now} if before.get(path) != now.get(path)}


@dataclass
class Settling:
    """Changes that were seen, each with the time since which it has looked the same, in seconds."""

    since: dict[str, tuple[Stat | str | None, float]] = field(default_factory=dict)

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

    @staticmethod
    def _patience(path: str, closed: Collection[str], writing: Collection[str]) -> float:
        if path in closed:
            return 0.0
        return WRITING_S if path in writing else SETTLED_S
