"""The search for the perceptual floor: few probes, and never under the floor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semopt.criteria import Recognised
from semopt.encoders import ENCODERS
from semopt.search.curves import Curves
from semopt.search.cutout import CUT_OUT
from semopt.search.eye import PROBES, close_to_the_eye
from semopt.search.typical import TYPICAL
from semopt.types import (
    Candidate,
    Encode,
    Encoder,
    Halt,
    Juror,
    Jury,
    Keep,
    Measure,
    Problem,
    Score,
    SearchResult,
    Source,
)

LOSSY = tuple(ENCODERS[name] for name in ("webp", "avif", "jpeg"))
RULE = Recognised((("judge", Keep(similarity=0.9)),))
SIZE = (400, 300)
CURVES = Curves(TYPICAL, LOSSY, [SIZE])

Figure = Callable[[Candidate], float]


def bent(bend: float, shift: float = 0.0) -> Figure:
    """A metric that rises with quality, of any bend."""
    return lambda one: 100 * ((one.quality or 0) / 100) ** bend + shift


def typical(harder: float = 0.0) -> Figure:
    """The metric of a typical photograph, or of one that is harder by so many points."""
    return lambda one: float(CURVES.figures(one.encoder, SIZE, [one.quality or 0])[0][0]) - harder


def usual(one: Candidate) -> int:
    """The bytes of a typical photograph."""
    if one.encoder not in TYPICAL.lines:
        return 1000 + 90 * (one.quality or 0)
    return round(math.exp(CURVES.bytes(one.encoder, SIZE, [one.quality or 0])[0]))


@dataclass
class Image:
    """What a search is answered. needs: least quality that the judge recognises."""

    figure: Figure
    bytes: Callable[[Candidate], int | None] = usual
    needs: int = 0
    halt_after: int = 1000

    def seen(self, one: Candidate, judge: str) -> Score:
        """What a judge says of a candidate."""
        return Score(1.0 if (one.quality or 0) >= self.needs else 0.1)

    def searched(self, problem: Problem, judged: bool = False) -> tuple[SearchResult, Counter[tuple[str, int, str]]]:
        """What is found, and how often each kind of request named a width and an encoder."""
        search, answer, counts = close_to_the_eye(problem, judged), None, Counter[tuple[str, int, str]]()
        while True:
            try:
                request = search.throw(Halt()) if counts.total() >= self.halt_after else search.send(answer)
            except StopIteration as stop:
                return stop.value, counts
            counts.update((type(request).__name__, one.width, one.encoder) for one in request.candidates)
            if isinstance(request, Encode):
                answer = [self.bytes(one) for one in request.candidates]
            elif isinstance(request, Measure):
                answer = [self.figure(one) for one in request.candidates]
            else:
                judges = request.judges or ("judge",)
                shown = [one for one in request.candidates if one is not None]
                answer = [{judge: self.seen(one, judge) for judge in judges} for one in shown]


def problem(floor: float = 70, size: int = 10**6, encoders: tuple[Encoder, ...] = LOSSY) -> Problem:
    return Problem(Source(400, 300, size), encoders, "each", RULE, {"ssimulacra2": floor})


def probes(counts: Counter[tuple[str, int, str]], width: int = 400) -> int:
    return sum(count for (kind, at, _), count in counts.items() if kind == "Measure" and at == width)


@given(
    bend=st.floats(0.05, 3),
    shift=st.floats(-60, 60),
    wave=st.floats(0, 6),
    floor=st.floats(20, 95),
    judged=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_never_under_the_floor_and_at_most_four_probes_of_all_formats(
    bend: float, shift: float, wave: float, floor: float, judged: bool
) -> None:
    rising = bent(bend, shift)

    def wavy(one: Candidate) -> float:
        return rising(one) + wave * math.sin((one.quality or 0) * 1.7)

    ended, counts = Image(wavy, needs=30).searched(problem(floor), judged)
    assert probes(counts) <= PROBES
    for trial in ended.accepted:
        assert trial.measured is not None
        assert trial.measured == wavy(trial.candidate) >= floor
        assert trial.passed is (True if judged else None)
        assert (trial.candidate.width, trial.candidate.height) == (400, 300)
    assert ended.accepted or ended.reason


@pytest.mark.parametrize("alpha", [False, True])
def test_what_is_transparent_is_not_taken_for_a_whole_photograph(alpha: bool) -> None:
    able = tuple(encoder for encoder in LOSSY if encoder.alpha)
    curves = Curves(CUT_OUT, able, [SIZE])
    cut = Image(
        lambda one: float(curves.figures(one.encoder, SIZE, [one.quality or 0])[0][0]),
        lambda one: round(math.exp(curves.bytes(one.encoder, SIZE, [one.quality or 0])[0])),
    )
    asked = problem(encoders=able)
    ended, counts = cut.searched(replace(asked, source=replace(asked.source, alpha=alpha)))
    newest = next(trial for trial in ended.accepted if trial.candidate.encoder == "avif")
    assert ((newest.measured or 0) < 71) is alpha
    assert counts["Encode", 400, "avif"] <= (2 if alpha else 4)


def test_on_a_background_it_is_a_whole_photograph() -> None:
    asked = problem()
    ended, _ = Image(typical()).searched(replace(asked, source=replace(asked.source, alpha=True)))
    assert all((trial.measured or 0) < 75 for trial in ended.accepted)
    assert len(ended.accepted) == len(LOSSY)


@pytest.mark.parametrize("floor", [50, 70])
@pytest.mark.parametrize("harder", [-4, 0, 4])
def test_every_format_lands_close_above_the_floor(floor: float, harder: float) -> None:
    ended, _ = Image(typical(harder)).searched(problem(floor))
    assert {trial.candidate.encoder for trial in ended.accepted} == {"jpeg", "webp", "avif"}
    figures = [trial.measured or 0.0 for trial in ended.accepted]
    assert all(floor <= figure < floor + 7 for figure in figures)
    assert sum(figures) / 3 < floor + 4


@pytest.mark.parametrize("harder", [-6.0, 4.0, 9.0])
@pytest.mark.parametrize("surplus", [0.8, 1.0, 1.2])
def test_of_the_newest_format_nothing_is_encoded_that_is_not_measured(harder: float, surplus: float) -> None:
    def sized(one: Candidate) -> int:
        return round(usual(one) * (surplus if one.encoder == "avif" else 1))

    _, counts = Image(typical(harder), sized).searched(problem())
    assert counts["Encode", 400, "avif"] == counts["Measure", 400, "avif"] > 0


@pytest.mark.parametrize("write", ["smallest", "each"])
@pytest.mark.parametrize("sure_at", [60, 75, 90])
def test_where_the_judges_that_confirm_ask_for_more_the_search_goes_up_until_they_accept(
    write: str, sure_at: int
) -> None:
    confirm = Jury(Recognised((("last", Keep(similarity=0.9)),)), (Juror("last"),))

    class Confirmed(Image):
        def seen(self, one: Candidate, judge: str) -> Score:
            return Score(1.0 if (one.quality or 0) >= (sure_at if judge == "last" else 20) else 0.1)

    ended, _ = Confirmed(typical(2)).searched(replace(problem(), write=write, confirm=confirm), judged=True)
    assert ended.accepted
    assert all((trial.candidate.quality or 0) >= sure_at for trial in ended.accepted)


def test_one_file_is_found_within_a_point() -> None:
    ended, _ = Image(typical(3)).searched(replace(problem(), write="smallest"))
    (trial,) = ended.accepted
    assert trial.candidate.encoder == "avif"
    assert 70 <= (trial.measured or 0.0) < 71


def test_each_width_has_its_own_probes_and_the_later_know_of_the_earlier() -> None:
    widths = (100, 200, 400)
    ended, counts = Image(bent(0.6)).searched(replace(problem(), widths=widths))
    assert all(probes(counts, width) <= PROBES for width in widths)
    assert {trial.candidate.width for trial in ended.accepted} == set(widths)


def test_nothing_is_measured_that_could_not_be_written() -> None:
    """A format that is larger than a more widely supported one, and everything larger than the original."""
    swollen = Image(typical(), bytes=lambda one: round(usual(one) * (3 if one.encoder == "avif" else 1)))
    ended, counts = swollen.searched(problem())
    assert counts["Measure", 400, "avif"] == 0
    assert {trial.candidate.encoder for trial in ended.accepted} == {"jpeg", "webp"}
    assert counts["Encode", 400, "avif"] <= 2
    _, counts = Image(typical()).searched(problem(size=900))
    assert probes(counts) == 0


def test_with_a_judge_the_stricter_of_the_two_decides() -> None:
    eye, _ = Image(typical(), needs=0).searched(problem(), judged=True)
    both, counts = Image(typical(), needs=86).searched(problem(), judged=True)
    alone, _ = Image(typical()).searched(problem())
    assert [trial.candidate for trial in eye.accepted] == [trial.candidate for trial in alone.accepted]
    assert both.accepted
    for trial in both.accepted:
        assert (trial.candidate.quality or 0) >= 86
        assert (trial.measured or 0.0) >= 70
        assert trial.passed
    assert probes(counts) <= PROBES
    assert sum(count for (kind, *_), count in counts.items() if kind == "Observe") <= 8 * len(LOSSY)


def test_what_no_judge_recognises_is_never_measured() -> None:
    ended, counts = Image(typical(), needs=1000).searched(problem(), judged=True)
    assert probes(counts) == 0
    assert not ended.accepted
    assert not [trial for trial in ended.trials if trial.measured is not None]


def test_an_encoder_that_was_never_fitted_is_searched_as_well() -> None:
    strange = replace(ENCODERS["webp"], name="strange", best=60, ladder=(5, 30, 50))  # type: ignore[type-var]
    ended, counts = Image(lambda one: 20 + (one.quality or 0) * 1.2).searched(problem(encoders=(strange,)))
    assert probes(counts) <= PROBES
    (trial,) = ended.accepted
    assert 70 <= (trial.measured or 0.0) < 73


def test_an_encoder_that_cannot_is_passed_over() -> None:
    ended, counts = Image(typical(), bytes=lambda one: None if one.encoder == "avif" else usual(one)).searched(
        problem()
    )
    assert counts["Measure", 400, "avif"] == 0
    assert {trial.candidate.encoder for trial in ended.accepted} == {"jpeg", "webp"}


def test_halted_it_answers_with_what_was_measured() -> None:
    ended, _ = Image(typical(), halt_after=6).searched(problem())
    assert not ended.complete
    assert all((trial.measured or 0.0) >= 70 for trial in ended.accepted)


def test_the_reason_names_the_floor() -> None:
    ended, _ = Image(bent(0.4, -200)).searched(problem())
    assert ended.reason == "no smaller file keeps ssimulacra2 at 70 or more"


def test_a_variant_as_large_as_the_original_is_not_accepted() -> None:
    ended, _ = Image(typical()).searched(problem(size=900))
    assert not ended.accepted
    assert ended.reason == "no smaller file keeps ssimulacra2 at 70 or more"


@pytest.mark.parametrize(("whole", "taken"), [(500, True), (10**5, False), (10**7, False), (None, False)])
@pytest.mark.parametrize("judged", [False, True])
def test_a_drawing_is_written_whole_where_that_is_smallest(whole: int | None, taken: bool, judged: bool) -> None:
    rising = typical()
    image = Image(
        lambda one: 100.0 if one.quality is None else rising(one),
        lambda one: whole if one.quality is None else usual(one),
    )
    drawing = replace(problem(), source=Source(400, 300, 10**6, graphic=True))
    found, counts = image.searched(drawing, judged)
    assert any(trial.candidate.quality is None for trial in found.accepted) == taken
    assert probes(counts) <= PROBES + taken
    assert counts["Encode", 400, "webp"] == image.searched(problem(), judged)[1]["Encode", 400, "webp"] + 1


def test_a_drawing_that_no_quality_brings_over_the_floor_is_written_whole() -> None:
    image = Image(
        lambda one: 100.0 if one.quality is None else 40.0, lambda one: 5000 if one.quality is None else usual(one)
    )
    found, _ = image.searched(replace(problem(), source=Source(400, 300, 10**6, graphic=True)))
    assert [(one.candidate.encoder, one.candidate.quality) for one in found.accepted] == [("webp", None)]


def test_a_whole_drawing_that_no_judge_recognises_is_not_measured() -> None:
    image = Image(lambda one: 100.0, lambda one: 500 if one.quality is None else usual(one), needs=1000)
    found, counts = image.searched(replace(problem(), source=Source(400, 300, 10**6, graphic=True)), judged=True)
    assert not found.accepted
    assert not probes(counts)
