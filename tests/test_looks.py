"""Who is shown what: each original once to each judge in each look, and every pass counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image

from conftest import photo
from semopt.images import altered, view_size
from semopt.looks import Sight, Tally, judged, sizes
from semopt.panel import confirming, searching
from semopt.types import Candidate, Canvas, Keep, Look, Observe, Passes, Score, Settings

ONE, TWO = (Candidate("webp", width, 10, 50) for width in (20, 30))


class Width:
    """Compares widths, and keeps what it was shown."""

    def __init__(self, name: str, **traits: Any) -> None:
        self.name, self.labels = name, False
        self.shown: list[int] = []
        vars(self).update(traits)

    def observe(self, images: Sequence[Image.Image]) -> list[int]:
        self.shown += [image.width for image in images]
        return [image.width for image in images]

    def compare(self, reference: int, observed: int) -> Score:
        return Score(observed / reference)


def look(sight: Sight, request: Observe, judges: dict[str, Width]) -> list[dict[str, float]]:
    """Show a request's candidates; the original is 100 px wide, or 80 in another look."""
    wide = 100 if request.look == "plain" else 80
    images = [Image.new("RGB", (wide if one is None else one.width, 10)) for one in sight.wanted(request)]
    sight.images = dict.fromkeys(sizes(judges, judges), images)
    ((seen),) = judged([sight], judges)
    return [{name: score.similarity for name, score in scores.items()} for scores in seen]


def test_an_original_is_shown_once_to_each_judge_in_each_look() -> None:
    judges = {"a": Width("a"), "b": Width("b")}
    sight = Sight(("a", "b"), Tally())
    assert look(sight, Observe((ONE,), judges=("a",)), judges) == [{"a": 0.2}]
    assert look(sight, Observe((ONE, TWO)), judges) == [{"a": 0.2, "b": 0.2}, {"a": 0.3, "b": 0.3}]
    assert look(sight, Observe((None,), "reference", "shift", ("a",)), judges) == [{"a": 0.8}]
    assert look(sight, Observe((None,), "reference", "shift", ("a",)), judges) == [{"a": 0.8}]
    assert look(sight, Observe((ONE,), "confirm", "shift", ("a",)), judges) == [{"a": 0.25}]
    assert judges["a"].shown == [100, 20, 20, 30, 80, 20]
    assert judges["b"].shown == [100, 20, 30]
    work = sight.tally.work
    assert (work.reference, work.search, work.confirm) == (3, 5, 1)
    assert work.judges == (("a", Passes(2, 3, 1)), ("b", Passes(1, 2, 0)))


def test_a_judge_is_told_which_looks_are_of_one_original() -> None:
    """Before it compares anything with them, once each."""
    told: list[tuple[int, int]] = []
    canvas = Canvas(1, 1, Image.Resampling.BILINEAR, 2.0)
    judges = {"a": Width("a", altered=lambda *pair: told.append(pair), canvas=canvas), "b": Width("b", canvas=[1])}
    sight = Sight(("a", "b"), Tally())
    look(sight, Observe((ONE,)), judges)
    assert told == []
    for _ in range(2):
        look(sight, Observe((ONE,), "confirm", "shift"), judges)
    assert told == [(100, 80)]


def test_images_of_several_searches_share_a_batch() -> None:
    judge = Width("a")
    sights = [Sight(("a",), Tally()) for _ in range(2)]
    for sight, one in zip(sights, (ONE, TWO), strict=True):
        wanted = sight.wanted(Observe((one,)))
        sight.images = {None: [Image.new("RGB", (100 if c is None else c.width, 10)) for c in wanted]}
    scores = judged(sights, {"a": judge})
    assert [seen[0]["a"].similarity for seen in scores] == [0.2, 0.3]
    assert judge.shown == [100, 20, 100, 30]


def test_each_judge_is_shown_the_size_that_it_wants() -> None:
    judges = {"a": Width("a"), "b": Width("b", pixels=9000)}
    assert sizes(("a", "b", "a"), judges) == (None, 9000)
    sight = Sight(("a", "b"), Tally())
    shown = sight.wanted(Observe((ONE,)))
    sight.images = {size: [Image.new("RGB", (wide, 10)) for _ in shown] for size, wide in ((None, 70), (9000, 700))}
    judged([sight], judges)
    assert (judges["a"].shown, judges["b"].shown) == ([70, 70], [700, 700])


def test_the_cheapest_judge_is_asked_first_and_each_judges_what_is_its_affair() -> None:
    judges = {
        "net": Width("net", domain="photos"),
        "cheap": Width("cheap", cost=1.0, domain="photos"),
        "text": Width("text", domain="graphics", mirrors=False),
        "any": Width("any", cost=3.0),
    }
    settings = Settings(evaluators=tuple(judges), confirm=("text",), agree=3, keep=(("net", Keep(similarity=0.5)),))
    photos, graphics = searching(settings, judges, False), searching(settings, judges, True)
    assert [one.name for one in photos.judges] == ["cheap", "any", "net"]
    assert [(one.name, one.mirrors) for one in graphics.judges] == [("any", True), ("text", False)]
    assert (photos.absent, graphics.absent) == (("text",), ("net", "cheap"))
    assert (photos.agree, graphics.agree) == (3, 2)
    assert photos.criterion({"cheap": Score(0.9), "any": Score(0.9), "net": Score(0.5)}).passed
    assert confirming(settings, judges, False) is None
    assert confirming(settings, judges, True) is not None


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (640, 480)])
def test_altered_looks_do_not_depend_on_the_candidates_size(size: tuple[int, int]) -> None:
    image = photo(*size) if min(size) > 20 else Image.new("RGB", size, (90, 120, 150))
    looks: tuple[Look, ...] = ("plain", "mirror", "shift", "resample")
    seen = {look: altered(image, look, (640, 480)) for look in looks}
    assert seen["plain"] is image
    assert seen["mirror"].transpose(Image.Transpose.FLIP_LEFT_RIGHT).tobytes() == image.tobytes()
    assert seen["shift"].size == (size[0] - round(size[0] * 0.04), size[1] - round(size[1] * 0.04))
    assert seen["resample"].size == (480, 360)


def test_views_fit_in_a_box_and_are_never_enlarged() -> None:
    assert view_size((4000, 2000)) == (1024, 512)
    assert view_size((30, 20)) == (30, 20)
    assert view_size((50_000, 1)) == (1024, 1)
    assert view_size((4000, 2000), 2_000_000) == (2000, 1000)
    assert view_size((4000, 2000), 8_000_000) == (4000, 2000)
