"""The placeholder: within a kilobyte, as recognisable as that allows, and no part of the search before it."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import driven
from semopt.search.placeholder import MOST_BYTES, QUALITIES, with_placeholder
from semopt.types import Candidate, Encode, Observe, Request, Score, Search, SearchResult, Source


def nothing() -> Search:
    yield Encode(())
    return SearchResult((), (), "nothing smaller was found")


def answers(similarity: float, scale: float, asked: list[Request]) -> Any:
    """Bytes that grow with pixels and quality; a similarity that grows with pixels."""

    def answer(request: Request) -> Any:
        asked.append(request)
        if isinstance(request, Encode):
            return [round(70 + scale * one.width * one.height * (one.quality or 0)) for one in request.candidates]
        assert isinstance(request, Observe)
        shown = [one for one in request.candidates if isinstance(one, Candidate)]
        return [{"net": Score(min(1, similarity * one.width / 100))} for one in shown]

    return answer


def test_the_most_similar_that_fits() -> None:
    asked: list[Request] = []
    ended = driven(with_placeholder(nothing(), Source(640, 480, 90_000), ["net"]), answers(0.5, 0.01, asked))
    assert ended.reason == "nothing smaller was found"
    assert ended.placeholder is not None
    assert ended.placeholder.bytes <= MOST_BYTES
    (look,) = [one for one in asked if isinstance(one, Observe)]
    assert (look.phase, look.judges) == ("placeholder", ("net",))
    assert ended.placeholder.candidate.width == max(one.width for one in look.candidates if one)


def test_the_smallest_that_is_recognised_where_one_is() -> None:
    ended = driven(with_placeholder(nothing(), Source(640, 480, 90_000), ["net"]), answers(4.0, 0.001, []))
    assert ended.placeholder is not None
    assert ended.placeholder.candidate.width < 60


def test_without_room_for_any_there_is_none() -> None:
    ended = driven(with_placeholder(nothing(), Source(640, 480, 90_000), ["net"]), answers(1, 1e6, []))
    assert ended.placeholder is None


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 9000), (20, 10)])
def test_odd_shapes(width: int, height: int) -> None:
    asked: list[Request] = []
    ended = driven(with_placeholder(nothing(), Source(width, height, 900), ["net"]), answers(1, 0.0001, asked))
    assert ended.placeholder is not None
    encode = [one for one in asked if isinstance(one, Encode)][1]
    assert len(set(encode.candidates)) == len(encode.candidates)
    assert {one.quality for one in encode.candidates} == set(QUALITIES)
    assert all(1 <= one.width <= width and 1 <= one.height <= height for one in encode.candidates)


def test_a_search_that_was_halted_makes_none() -> None:
    def halted() -> Search:
        yield Encode(())
        return SearchResult((), (), "the time was up", complete=False)

    assert driven(with_placeholder(halted(), Source(9, 9, 9), ["net"]), answers(1, 1, [])).placeholder is None
