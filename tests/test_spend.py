"""How bytes are shared out: what must hold of every allocation, and what trials of a search are worth."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semopt import spend
from semopt.purses import Purses, warning
from semopt.spend import Option, Shares, Wish, share_out
from semopt.types import Candidate, Config, Keep, Outcome, Score, Settings, Trial, Variant
from semopt.worth import WHOLE, Choice, choices

Wishes = dict[str, Wish]


@st.composite
def wishes(draw: st.DrawFn, most: int = 7) -> Wishes:
    """Images with options, more bytes always worth more; in many, worth has ties and convex stretches."""
    made = {}
    for name in draw(st.lists(st.sampled_from("abcdefghij"), max_size=most, unique=True)):
        sizes = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=5)))
        worths = sorted(draw(st.sets(st.integers(0, 30), min_size=len(sizes), max_size=len(sizes))))
        options = tuple(map(Option, sizes, worths))
        made[name] = Wish(options, draw(st.integers(0, len(options) - 1)))
    return made


def spent(given: Wishes, shares: Shares) -> int:
    return sum(given[name].options[index].bytes for name, index in shares.chosen.items())


def worth(given: Wishes, shares: Shares) -> int:
    return sum(given[name].options[index].worth for name, index in shares.chosen.items())


def found(given: Wishes) -> Shares:
    return Shares({name: wish.own for name, wish in given.items()}, 0, 0)


@pytest.fixture(params=[0, spend.MOST_TOGETHER], ids=["by the hull", "few are compared"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of choosing must hold what is promised."""
    monkeypatch.setattr(spend, "MOST_TOGETHER", request.param)


@given(wishes(), st.integers(0, 300))
def test_it_fits_wherever_the_smallest_fit(given: Wishes, budget: int) -> None:
    shares = share_out(given, budget)
    assert shares.chosen.keys() == given.keys()
    assert shares.least == sum(wish.options[0].bytes for wish in given.values())
    assert shares.needed == spent(given, found(given))
    if shares.least <= budget:
        assert spent(given, shares) <= budget
    else:
        assert set(shares.chosen.values()) <= {0}


@given(wishes(), st.integers(0, 300))
def test_nobody_gives_while_all_can_have_what_was_found_and_nobody_gains_while_not(given: Wishes, budget: int) -> None:
    shares = share_out(given, budget)
    for name, index in shares.chosen.items():
        assert index >= given[name].own if shares.needed <= budget else index <= given[name].own


@given(wishes(), st.integers(0, 150), st.integers(0, 150))
def test_more_bytes_never_give_less_worth(given: Wishes, budget: int, more: int) -> None:
    assert worth(given, share_out(given, budget + more)) >= worth(given, share_out(given, budget))


@pytest.mark.parametrize("numbers", [(30, 4), (7, 40)])
def test_more_bytes_never_give_less_worth_at_any_budget(numbers: tuple[int, int]) -> None:
    """Every budget of some dense trees, where a rule that takes what fits best at the end goes wrong."""
    images, step = numbers
    tree = {
        f"{n:02}": Wish(
            tuple(Option(3 + step * k + (n * k * 7) % step, 10 * k + (n * k) % 9 + k**2 * (n % 2)) for k in range(4)), 1
        )
        for n in range(images)
    }
    worths = [worth(tree, share_out(tree, budget)) for budget in range(0, images * step * 4, 3)]
    assert worths == sorted(worths)


@given(wishes(), st.integers(0, 300), st.randoms(use_true_random=False))
def test_the_order_of_images_makes_no_difference(given: Wishes, budget: int, random: object) -> None:
    names = list(given)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert share_out({name: given[name] for name in names}, budget) == share_out(given, budget)


@given(wishes(), st.integers(0, 300))
def test_it_is_never_worse_than_to_go_on_by_worth_until_something_does_not_fit(given: Wishes, budget: int) -> None:
    """The plain greedy way, one option of an image after another."""
    shares = share_out(given, budget)
    fits = shares.needed <= budget
    chosen = {name: wish.own if fits else 0 for name, wish in given.items()}
    last = {name: len(wish.options) - 1 if fits else wish.own for name, wish in given.items()}
    while open_ := [name for name in sorted(chosen) if chosen[name] < last[name]]:
        gains = {}
        for name in open_:
            here, there = given[name].options[chosen[name]], given[name].options[chosen[name] + 1]
            gains[name] = (there.worth - here.worth) / (there.bytes - here.bytes)
        best = max(open_, key=lambda name: gains[name])
        if spent(given, Shares({**chosen, best: chosen[best] + 1}, 0, 0)) > budget:
            break
        chosen[best] += 1
    if shares.least <= budget and spend.MOST_TOGETHER:
        assert worth(given, shares) >= worth(given, Shares(chosen, 0, 0))


@given(wishes(4), st.integers(0, 120))
def test_few_images_have_the_best_of_all_combinations(given: Wishes, budget: int) -> None:
    shares = share_out(given, budget)
    fits = shares.needed <= budget
    spans = [range(w.own, len(w.options)) if fits else range(w.own + 1) for w in given.values()]
    all_of_them = [Shares(dict(zip(given, picks, strict=True)), 0, 0) for picks in itertools.product(*spans)]
    able = [worth(given, one) for one in all_of_them if spent(given, one) <= budget]
    assert not able or worth(given, shares) <= max(able)
    if able and spend.MOST_TOGETHER:
        assert worth(given, shares) == max(able)


def test_ties_go_by_name() -> None:
    twins = {name: Wish((Option(10, 5), Option(20, 9)), 1) for name in "cab"}
    assert share_out(twins, 50).chosen == {"a": 1, "b": 1, "c": 0}


# --- what trials are worth --------------------------------------------------------------------------------------


def trial(size: int, bytes: int, similarity: float | None, quality: int = 50, **more: object) -> Trial:
    scores = None if similarity is None else {"embedded": Score(similarity)}
    passed = None if similarity is None else similarity >= 0.9
    made = Trial(Candidate("webp", size, size, quality), bytes, scores, passed=passed)
    return replace(made, **more)  # type: ignore[arg-type]


def answer(found: Trial, *others: Trial, strategy: str = "semantic") -> Outcome:
    one = found.candidate
    audience: Literal["people", "machines"] = "machines"
    variant = Variant(
        "", one.encoder, "image/webp", one.width, one.height, one.quality, found.bytes, "0" * 64, audience
    )
    trials = (*others, found)
    return Outcome("", "optimized", "", None, strategy, "0" * 64, 90_000, 800, 800, (variant,), trials=trials)


def sizes(given: tuple[list[Choice], int]) -> tuple[list[int], int]:
    return [one.bytes for one in given[0]], given[0][given[1]].bytes


FOUND = trial(128, 2000, 0.92)


def test_trials_below_the_threshold_and_better_ones_are_ways_to_write_an_image() -> None:
    ways = choices(answer(FOUND, trial(64, 700, 0.7), trial(90, 1200, 0.85), trial(181, 3000, 0.96)), Settings())
    assert sizes(ways) == ([700, 1200, 2000, 3000], 2000)
    assert [one.worth for one in ways[0]] == [700_000, 850_000, 920_000, 960_000]
    assert [bool(one.reason) for one in ways[0]] == [True, True, False, False]
    assert ways[0][0].reason == "embedded gives 0.7 of 0.9: its share of spend"
    assert ways[0][2].trials == ()


def test_what_nobody_judged_is_no_way_to_write_it() -> None:
    assert sizes(choices(answer(FOUND, trial(64, 700, None), trial(181, 3000, None)), Settings())) == ([2000], 2000)


def test_what_passed_by_luck_counts_as_a_failure() -> None:
    """In a look, by its neighbours, or in the eyes of those who confirm: the search went on without it."""
    for lucky in (trial(64, 700, 0.97, refused="mirror", passed=False), trial(64, 700, 0.97)):
        ways, _ = choices(answer(FOUND, lucky), Settings())
        assert [one.bytes for one in ways] == [700, 2000]
        assert ways[0].worth < 0.9 * WHOLE
        assert "does not stand a closer look" in ways[0].reason


def test_none_counts_for_more_than_what_is_larger_and_finer() -> None:
    ways, _ = choices(answer(FOUND, trial(64, 700, 0.89), trial(90, 1200, 0.6, quality=60)), Settings())
    assert ways[0].worth == 600_000
    assert [one.bytes for one in ways] == [700, 2000]


def test_better_ones_must_be_recognised_and_confirmed_where_that_is_asked_for() -> None:
    better = trial(181, 3000, 0.96)
    refused = replace(better, passed=False, refused="shift")
    assert sizes(choices(answer(FOUND, refused), Settings())) == ([2000], 2000)
    assert sizes(choices(answer(FOUND, better), Settings(confirm=("other",)))) == ([2000], 2000)
    seen = replace(better, scores={"embedded": Score(0.96), "other": Score(0.95)})
    assert sizes(choices(answer(FOUND, seen), Settings(confirm=("other",)))) == ([2000, 3000], 2000)


def test_worth_is_relative_to_what_the_rule_asks_for() -> None:
    keep = (("*", Keep(similarity=0.6)),)
    ways, own = choices(answer(trial(128, 2000, 0.6)), Settings(keep=keep))
    assert ways[own].worth == 900_000


def test_the_eye_counts_by_points_below_its_floor() -> None:
    found = trial(800, 2000, None, 60, measured=71.0)
    worse, better = trial(800, 1500, None, 50, measured=60.0), trial(800, 2600, None, 70, measured=80.0)
    unmeasured, smaller = trial(800, 900, None, 20), trial(400, 700, None, 60, measured=75.0)
    given = answer(found, worse, better, unmeasured, smaller, strategy="visual")
    ways, own = choices(given, Settings(strategy="visual"))
    assert [one.bytes for one in ways] == [1500, 2000, 2600]
    assert ways[0].worth < 900_000 < ways[own].worth < ways[2].worth
    assert ways[0].reason == "ssimulacra2 gives 60 of 70: its share of spend"


def test_any_format_stands_in_for_another_where_one_file_is_written() -> None:
    """As with `semantic` where its judges cannot decide and the eye does; with `both` and `visual` each is written."""
    found, other = trial(800, 2000, None, 60, measured=71.0), trial(800, 1000, None, 50, measured=60.0)
    other = replace(other, candidate=replace(other.candidate, encoder="jpeg"))
    given = answer(found, other, strategy="visual")
    for settings, sizes_ in (
        (Settings(strategy="semantic"), [1000, 2000]),
        (Settings(strategy="semantic", write="each"), [2000]),
        (Settings(strategy="visual"), [2000]),
        (Settings(strategy="visual", write="smallest"), [1000, 2000]),
        (Settings(), [2000]),
    ):
        assert sizes(choices(given, settings)) == (sizes_, 2000)


def test_of_several_files_each_is_as_good_as_the_others_can_be() -> None:
    def avif(one: Trial, bytes: int) -> Trial:
        return replace(one, candidate=replace(one.candidate, encoder="avif"), bytes=bytes)

    fine, coarse = trial(800, 3000, None, 60, measured=71.0), trial(800, 2000, None, 50, measured=60.0)
    trials = (fine, coarse, avif(fine, 2500), avif(coarse, 1500))
    files = tuple(
        Variant("", one.candidate.encoder, "", 800, 800, 60, one.bytes, "0" * 64, "people") for one in trials[::2]
    )
    given = replace(answer(fine, strategy="visual"), variants=files, trials=trials)
    ways, own = choices(given, Settings(strategy="visual"))
    assert [one.bytes for one in ways] == [3500, 5500]
    assert own == 1
    assert [one.bytes for one in ways[0].trials] == [1500, 2000]
    # a newer format that is not smaller any more is not written
    given = replace(given, trials=(fine, coarse, avif(fine, 2500), avif(coarse, 2100)))
    assert [[one.bytes for one in way.trials] for way in choices(given, Settings(strategy="visual"))[0]] == [[2000], []]


def test_of_judge_and_eye_the_lesser_counts() -> None:
    def both(bytes: int, quality: int, similarity: float, measured: float | None) -> Trial:
        return trial(800, bytes, similarity, quality, measured=measured)

    trials = (both(1500, 50, 0.92, 66.0), both(900, 30, 0.7, None), both(2600, 70, 0.945, 78.0))
    ways, own = choices(answer(both(2000, 60, 0.95, 71.0), *trials, strategy="both"), Settings(strategy="both"))
    assert [one.bytes for one in ways] == [1500, 2000, 2600]
    assert ways[0].least is not None
    assert [(one.least.by, one.least.figure) for one in ways if one.least] == [
        ("ssimulacra2", 66.0),
        ("ssimulacra2", 71.0),
        ("embedded", 0.945),
    ]
    assert own == 1


def test_of_several_judges_the_last_that_is_needed_counts() -> None:
    def seen(one: Trial, *similarities: float) -> Trial:
        return replace(one, scores={name: Score(figure) for name, figure in zip("abc", similarities, strict=False)})

    found = seen(FOUND, 0.92, 0.95, 0.3)
    given = answer(found, seen(trial(64, 700, 0.7), 0.8, 0.7, 0.2), seen(trial(45, 500, 0.5), 0.6))
    settings = Settings(evaluators=("a", "b", "c"))
    ways, _ = choices(given, replace(settings, agree=2))
    assert [one.worth for one in ways] == [600_000, 700_000, 920_000]
    assert [one.least.by for one in ways if one.least] == ["a", "b", "a"]
    silent = replace(found, scores={"a": Score(0.95), "b": Score(1.0, silent="it holds no text")})
    assert choices(answer(silent), Settings(evaluators=("a", "b")))[0][0].worth == 950_000


@pytest.mark.parametrize(
    "harm",
    [
        {"candidate": Candidate("webp", 10**6, 10**6, 50)},
        {"candidate": Candidate("webp", 64, 64, 1000)},
        {"candidate": Candidate("heif", 64, 64, 50)},
        {"candidate": Candidate("webp", 64, 64, None)},
        {"candidate": Candidate("jpeg", 64, 64, 50, (40,))},
        {"bytes": 0},
    ],
)
def test_trials_that_no_search_could_have_tried_are_passed_over(harm: dict[str, object]) -> None:
    odd = replace(trial(64, 700, 0.7), **harm)  # type: ignore[arg-type]
    assert sizes(choices(answer(FOUND, odd), Settings())) == ([2000], 2000)


@pytest.mark.parametrize("strategy", ["lossless", "resize", "jpeg"])
def test_other_strategies_keep_what_they_have(strategy: str) -> None:
    given = answer(FOUND, trial(64, 700, 0.7), strategy=strategy)
    assert sizes(choices(given, Settings(strategy=strategy))) == ([2000], 2000)


# --- whose bytes ------------------------------------------------------------------------------------------------


def purses(config: Config, base: str = "", **folders: int) -> Purses:
    named = tuple((name.replace("__", "/").removeprefix("tree"), size) for name, size in folders.items())
    return Purses(replace(config, spend=named), base)


def test_an_image_takes_from_the_innermost_folder(tmp_path: object) -> None:
    some = purses(Config(tmp_path, tmp_path), "assets/", photos=10, photos__heroes=5)  # type: ignore[arg-type]
    paths = ["assets/photos/a.jpg", "assets/photos/heroes/x/b.jpg", "assets/photosque/c.jpg", "assets/d.jpg"]
    assert [some.folder(path) for path in paths] == ["photos", "photos/heroes", None, None]
    assert some.spent(dict.fromkeys(paths, 3)) == {"photos": 3, "photos/heroes": 3}
    assert list(some.unused(paths[:1])) == ["spend: no image takes from photos/heroes/"]
    whole = purses(Config(tmp_path, tmp_path), tree=9)  # type: ignore[arg-type]
    assert whole.folder("a.jpg") == ""


def test_what_is_said_where_bytes_are_short() -> None:
    assert warning("photos", 500, 400, 300) == ""
    assert warning("photos", 500, 611, 300) == (
        "spend: photos/ needs 611 bytes for all to be recognised; 500 are spent"
    )
    assert "the tree has the smallest of each image and is over it" in warning("", 500, 611, 501)
