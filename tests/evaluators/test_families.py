"""Families of ImageNet's classes: heights, which judges have them, and that the table is WordNet's."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from conftest import REPOSITORY
from semopt.evaluators import families
from semopt.evaluators.families import FAMILY_HEIGHT, HIGHEST, UNRELATED, families_of
from semopt.evaluators.sighting import Sighting, compare

WORDNET = next((one for one in map(Path, ("/usr/share/wordnet", "/usr/share/wordnet-3.0")) if one.is_dir()), None)
NAMES = [families._table()[id_][1] for id_ in families._classes()]
IDS = families._classes()
EVERY = families_of(NAMES)


def height(one: str, other: str) -> int:
    assert EVERY is not None
    return EVERY.height(NAMES.index(one), NAMES.index(other))


@pytest.mark.parametrize(
    ("one", "other", "edges"),
    [
        ("tiger cat", "tiger cat", 0),
        ("tiger cat", "Egyptian cat", 1),
        ("tiger cat", "lynx", 2),
        ("tiger cat", "lion", 3),
        ("golden retriever", "Labrador retriever", 1),
        ("golden retriever", "toy poodle", 4),
        ("robin", "goldfinch", 2),
        ("cab", "ambulance", 1),
        ("cab", "fire engine", 2),
        ("laptop", "desktop computer", 2),
        ("house finch", "brambling", 1),
        ("ruffed grouse", "hen", 4),
        ("tiger cat", "cab", UNRELATED),
        ("teapot", "cab", UNRELATED),
        ("volcano", "cab", UNRELATED),
        ("daisy", "tench", UNRELATED),
        ("magpie", "revolver", UNRELATED),
    ],
)
def test_heights_and_the_same_both_ways(one: str, other: str, edges: int) -> None:
    assert height(one, other) == height(other, one) == edges


def test_the_post_s_own_case_at_the_default_and_at_any_height() -> None:
    assert height("tiger cat", "Egyptian cat") <= FAMILY_HEIGHT <= HIGHEST < height("tiger cat", "cab")


def test_the_heights_reach_from_one_to_the_highest_and_no_family_is_everything() -> None:
    assert EVERY is not None
    found = [Counter(EVERY.height(one, other) for other in range(1000)) for one in range(0, 1000, 7)]
    assert {edges for heights in found for edges in heights} <= {*range(HIGHEST + 1), UNRELATED}
    assert max(sum(count for edges, count in heights.items() if edges <= HIGHEST) for heights in found) <= 250
    small = [sum(count for edges, count in heights.items() if edges <= FAMILY_HEIGHT) for heights in found]
    assert 5 < sum(small) / len(small) < 25


def test_an_edge_goes_up_to_a_noun_of_the_table() -> None:
    table = families._table()
    assert len(IDS) == len({*IDS}) == 1000
    assert all(above in table for hypernyms, _ in table.values() for above in hypernyms)


@pytest.mark.parametrize(
    "labels",
    [
        NAMES,
        [f"{name}, and other names" for name in NAMES],
        [name.replace(" ", "_").upper() for name in NAMES],
        [name if place % 3 else f"another name {place}" for place, name in enumerate(NAMES)],
        IDS,
        [f"{id_} {name}" for id_, name in zip(IDS, NAMES, strict=True)],
    ],
    ids=["names", "several names", "underscores", "some differ", "ids", "ids and names"],
)
def test_the_thousand_classes_with_the_background_or_without(labels: list[str]) -> None:
    for start in ([], ["background"]):
        found = families_of([*start, *labels])
        assert found is not None
        cat, mau, cab = (NAMES.index(name) + len(start) for name in ("tiger cat", "Egyptian cat", "cab"))
        assert (found.height(cat, mau), found.height(cat, cab)) == (1, UNRELATED)
        assert not start or found.height(0, cat) == UNRELATED


def test_some_ids_in_any_order_are_enough() -> None:
    found = families_of(["n02930766", "n02124075", "n02123159"])
    assert found is not None
    assert [found.height(2, other) for other in range(3)] == [UNRELATED, 1, 0]


@pytest.mark.parametrize(
    "labels",
    [
        ["cat", "dog"],
        ["tiger cat", "Egyptian cat"],
        [*map(str, range(1000))],
        [*reversed(NAMES)],
        ["n02930766", "cab"],
        ["n02930766", "n99999999"],
        ["n029307661", "n02123159"],
        [],
    ],
    ids=["own", "names of some", "numbers", "another order", "mixed", "unknown id", "longer id", "none"],
)
def test_other_classes_have_no_families(labels: list[str]) -> None:
    assert families_of(labels) is None


def test_a_score_says_how_near_the_answers_are() -> None:
    def seen(name: str) -> Sighting:
        return Sighting(np.eye(1000, dtype=np.float32)[NAMES.index(name)] * 9, np.ones(4, np.float32))

    cat = seen("tiger cat")
    assert [compare(cat, seen(one), NAMES, EVERY).family for one in ("tiger cat", "lynx", "cab")] == [0, 2, UNRELATED]
    assert compare(cat, cat, NAMES).family is None


@pytest.mark.skipif(WORDNET is None, reason="WordNet 3.0 is not installed (Debian: apt-get install wordnet-base)")
def test_the_table_is_derived_from_wordnet(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.bench.derive_families", "--wordnet", str(WORDNET), "--out", str(tmp_path)]
    subprocess.run(program, cwd=REPOSITORY, check=True)
    made = {file.name: file.read_bytes() for file in tmp_path.glob("*.txt")}
    assert made == {file.name: file.read_bytes() for file in families.TABLE.parent.glob("*.txt")}


def test_wordnet_s_notice_is_shipped_with_the_table() -> None:
    notice = "semopt/evaluators/WORDNET-LICENSE.txt"
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in (REPOSITORY / notice).read_text()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert notice in project["project"]["license-files"]
    assert "evaluators/*.txt" in project["tool"]["setuptools"]["package-data"]["semopt"]


def test_reading_a_config_reads_no_table() -> None:
    code = (
        "from pathlib import Path; from semopt import config; from semopt.evaluators import families\n"
        "text = 'version: 1\\nevaluators: {net: {kind: torchvision, model: resnet18}}\\n'\n"
        "text += \"rules: [{match: '**', evaluator: net, keep: {label: family}}]\"\n"
        "config.parse(text, Path('semopt.yaml'))\n"
        "assert families._table.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
