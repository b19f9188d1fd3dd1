"""`skip`: not touched. The plan leaves such images out, so this search is never started by a build."""

from collections.abc import Generator
from typing import Any

from semopt.strategies import FORMATS
from semopt.strategies.value import Plain
from semopt.types import Problem, Request, Search, SearchResult


def _nothing(problem: Problem) -> Generator[Request, Any, SearchResult]:
    """Ask for nothing and accept nothing."""
    yield from ()
    return SearchResult((), (), "skipped by its rule")


def _find(problem: Problem) -> Search:
    return _nothing(problem)


SKIP = Plain("skip", "people", FORMATS["skip"], "each", False, _find)
