"""`semopt check --against` through the real command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Tree, drawing, encoded, photo

SOURCE = photo(240, 180, 3)


@pytest.fixture
def two(tree: Tree) -> Tree:
    """Originals and another tool's files, all as they should be."""
    tree.put("originals/a/one.jpg", encoded(SOURCE))
    tree.put("originals/two.jpg", encoded(photo(200, 150, 4)))
    tree.put("public/a/one.webp", encoded(SOURCE, "WEBP", quality=90))
    tree.put("public/two.jpg", encoded(photo(200, 150, 4), quality=85))
    return tree


def check(tree: Tree, *arguments: str, **environment: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and what was found, by the order of the output; nothing may be written."""
    before = tree.files()
    ran = tree.semopt("check", "originals", "--against", "public", "--json", *arguments, **environment)
    assert tree.files() == before
    assert not (tree.root / ".semopt").exists()
    assert ran.stderr == ""
    *lines, summary = map(json.loads, ran.stdout.splitlines())
    assert summary["holds"] == (ran.returncode == 0) == all(line["holds"] for line in lines)
    return ran.returncode, lines


def test_files_that_are_recognised_hold(two: Tree) -> None:
    code, (one, other) = check(two, "--jobs", "2")
    assert code == 0
    assert (one["path"], one["other"], one["verdict"]) == ("a/one.jpg", "a/one.webp", "ok")
    assert (one["width_before"], one["height"], one["bytes"]) == (240, 180, len(two.files()["public/a/one.webp"]))
    assert one["scores"]["embedded"]["similarity"] > 0.9
    assert other["other"] == "two.jpg"


def test_another_picture_a_crumb_and_a_broken_file_do_not(two: Tree) -> None:
    two.put("public/two.jpg", encoded(photo(200, 150, 77)))
    two.put("public/a/one.jpg.480w.webp", encoded(SOURCE.resize((8, 6)), "WEBP", quality=1))
    two.put("public/a/one.webp", "only words")
    code, found = check(two)
    assert code == 1
    assert {line["other"]: line["verdict"] for line in found} == {
        "a/one.jpg.480w.webp": "unrecognised", "a/one.webp": "failed", "two.jpg": "unrecognised",
    }  # fmt: skip
    assert "embedded gives 0." in found[0]["reason"]
    assert found[1]["reason"] == "the file is text, not an image"


def test_what_has_no_partner_is_named(two: Tree) -> None:
    (two.root / "public/two.jpg").unlink()
    two.put("public/logo.webp", encoded(SOURCE, "WEBP"))
    code, found = check(two)
    assert code == 1
    assert [(line["path"], line["verdict"]) for line in found] == [
        ("a/one.jpg", "ok"), ("two.jpg", "missing"), ("logo.webp", "extra"),
    ]  # fmt: skip
    assert check(two, "--only", "a/**")[0] == 0


def test_orientation_that_another_tool_lost_is_said(two: Tree) -> None:
    upright = SOURCE.getexif()
    upright[0x0112] = 6
    two.put("originals/a/one.jpg", encoded(SOURCE, exif=upright))
    two.put("public/two.jpg", encoded(photo(200, 150, 4).crop((0, 0, 120, 150)), quality=99))
    _, (one, other) = check(two)
    assert one["notes"] == ["lies on its side (240x180 of 180x240 px): its orientation was lost"]
    assert other["notes"][-1] == "cropped or stretched (120x150 of 200x150 px)"
    two.put("public/a/one.webp", encoded(SOURCE, "WEBP", quality=90, exif=upright))
    assert check(two)[1][0]["notes"] == [], "both are looked at upright"


def test_drawings_are_not_the_judges_affair_and_that_is_said(two: Tree) -> None:
    two.put("originals/draw.png", encoded(drawing(), "PNG"))
    two.put("public/draw.webp", encoded(drawing(), "WEBP", lossless=True))
    code, found = check(two)
    (drawn,) = [line for line in found if line["path"] == "draw.png"]
    assert (code, drawn["verdict"]) == (0, "unjudged")


def test_the_rules_of_the_config_govern(two: Tree) -> None:
    two.put(
        "semopt.yaml",
        "version: 1\nassets: originals\nlimits: {tree: 100}\nrules:\n  - {match: 'a/**', strategy: skip}\n"
        "  - {match: 'two.*', strategy: semantic, keep: {similarity: 0.9999}}\n",
    )
    code, found = check(two)
    assert code == 1
    assert [(line["path"], line["verdict"]) for line in found] == [
        ("a/one.jpg", "skipped"), ("two.jpg", "unrecognised"), ("the tree", "over"),
    ]  # fmt: skip
    assert [line["verdict"] for line in check(two, "--evaluator", "embedded")[1]] == ["skipped", "ok", "over"]


def test_a_folder_of_the_tree_against_its_own_place(two: Tree) -> None:
    two.put("semopt.yaml", "version: 1\nassets: originals\n")
    ran = two.semopt("check", "originals/a", "--against", "public/a", "--json")
    assert json.loads(ran.stdout.splitlines()[0])["path"] == "one.jpg"
    ran = two.semopt("check", "--against", "public", "--json")
    assert json.loads(ran.stdout.splitlines()[0])["path"] == "a/one.jpg"


def test_one_tree_inside_of_the_other(two: Tree) -> None:
    (two.root / "public").rename(two.root / "originals/public")
    ran = two.semopt("check", "originals", "--against", "originals/public", "--json")
    assert [json.loads(line).get("path") for line in ran.stdout.splitlines()][:-1] == ["a/one.jpg", "two.jpg"]


def test_people_get_a_table_of_80_columns(two: Tree) -> None:
    name = "a rather long name of a picture, that goes on and on"
    two.put(f"originals/{name}.jpg", encoded(SOURCE))
    two.put(f"public/{name}.png", encoded(SOURCE, "PNG"))
    ran = two.semopt("check", "originals", "--against", "public")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "larger than the original" in ran.stdout
    assert "3 ok.\n3 files of " in ran.stdout
    assert "\x1b" not in ran.stdout
    assert two.semopt("check", "originals", "--against", "public", "-q").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--against", "nowhere"), "--against nowhere: no such folder"),
        (("--against", "originals"), "is the tree of originals itself"),
        (("--against", "public", "--evaluator", "mobilnet_v2"), "did you mean 'mobilenet_v2'?"),
        (("--against", "public", "--again"), "--again: "),
        (("--evaluator", "embedded"), "--evaluator: goes with --against"),
        (("--json", "--markdown"), "not allowed with argument"),
    ],
)
def test_wrong_usage_is_2(two: Tree, arguments: tuple[str, ...], said: str) -> None:
    ran = two.semopt("check", "originals", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_a_file_that_goes_away_meanwhile_fails_and_no_more(two: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    from semopt import config
    from semopt.against import Compared, Two, asking, compare, trees

    real = asking._Asking._show

    def show(self: Any, worker: Any, tag: Any, file: Path, question: Any) -> None:
        if file.name == "one.webp":
            file.unlink()
        real(self, worker, tag, file, question)

    monkeypatch.setattr(asking._Asking, "_show", show)
    made, originals, others = trees(config.default(two.root / "originals"), two.root / "originals", two.root / "public")
    found = {one.path: one for one in compare(made, Two(originals, others)) if isinstance(one, Compared)}
    assert {path: one.verdict for path, one in found.items()} == {"a/one.jpg": "failed", "two.jpg": "ok"}
    assert found["a/one.jpg"].reason.startswith("cannot be read: ")
