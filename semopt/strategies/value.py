"""The shape that semopt's own strategies share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from semopt.types import Audience, Problem, Search


@dataclass(frozen=True, slots=True)
class Plain:
    """A strategy as a row of data; the fields are those of `semopt.types.Strategy`, `find` its search."""

    name: str
    audience: Audience
    formats: tuple[str, ...]
    write: Literal["smallest", "each"]
    judged: bool
    find: Callable[[Problem], Search]

    def search(self, problem: Problem) -> Search:
        """Start the search for one image."""
        return self.find(problem)
