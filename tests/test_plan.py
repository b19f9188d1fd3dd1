"""The walk over the tree and the rules."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import Tree, encoded, photo
from semopt import plan
from semopt.keys import Keys
from semopt.types import Config, Rule, Settings

JPEG = encoded(photo(20, 20))


def config(root: Path, *rules: tuple[str, str], exclude: tuple[str, ...] = ()) -> Config:
    made = tuple(Rule(f"rules[{i}]", (glob,), Settings(strategy)) for i, (glob, strategy) in enumerate(rules))
    return Config(root, root, rules=made, exclude=exclude)


def test_the_first_rule_that_matches_wins(tree: Tree) -> None:
    tree.write(photos__cat_jpg=JPEG, photos__raw__dog_jpg=JPEG, top_png=JPEG)
    made = plan.make(config(tree.root, ("photos/raw/**", "lossless"), ("photos/**", "semantic")))
    assert [(task.asset.path, task.rule.name) for task in made.tasks] == [
        ("photos/cat.jpg", "rules[1]"),
        ("photos/raw/dog.jpg", "rules[0]"),
        ("top.png", "default"),
    ]


def test_what_shares_bytes_is_tried_below_what_its_rule_asks_for(tree: Tree) -> None:
    """Under its own rule still, and its answer is another's; where nothing is tried that is less, the same."""
    tree.write(photos__cat_jpg=JPEG, photos__icons__dot_jpg=JPEG, top_jpg=JPEG)
    some = config(tree.root, ("photos/icons/**", "lossless"), ("**", "semantic"))
    tasks = plan.make(replace(some, spend=(("photos", 1000),))).tasks
    assert [(task.rule.name, task.rule.settings.below) for task in tasks] == [
        ("rules[1]", True),
        ("rules[0]", True),
        ("rules[1]", False),
    ]
    keys = Keys(some)
    same = [keys.key(task.rule, "") == keys.key(rule, "") for task, rule in zip(tasks, _rules(some), strict=True)]
    assert same == [False, True, True]
    assert not any(task.rule.settings.below for task in plan.make(some).tasks)


def _rules(some: Config) -> list[Rule]:
    return [task.rule for task in plan.make(some).tasks]


def test_skip_and_exclude(tree: Tree) -> None:
    tree.write(raw__a_jpg=JPEG, out__b_jpg=JPEG, c_jpg=JPEG)
    made = plan.make(config(tree.root, ("raw/**", "skip"), exclude=("out/**",)))
    assert [task.asset.path for task in made.tasks] == ["c.jpg"]
    assert [(one.path, one.reason) for one in made.skipped] == [("raw/a.jpg", "skipped by its rule")]


def test_what_is_never_walked(tree: Tree) -> None:
    for place in (".git/a.jpg", "node_modules/x/a.jpg", ".hidden/a.jpg", ".semopt/cache/a.png", "a.txt", "b.svg"):
        tree.put(place, JPEG)
    tree.write(a_jpg=JPEG).put("a.jpg.semopt.webp", JPEG)
    assert [task.asset.path for task in plan.make(config(tree.root)).tasks] == ["a.jpg"]


def test_suffixes_in_capitals_are_images_too(tree: Tree) -> None:
    tree.write(a_JPG=JPEG, b_JPEG=JPEG, c_PNG=JPEG)
    assert len(plan.make(config(tree.root)).tasks) == 3


def test_a_rule_that_matches_nothing_is_a_warning(tree: Tree) -> None:
    tree.write(a_jpg=JPEG)
    assert plan.make(config(tree.root, ("nowhere/**", "visual"))).warnings == (
        "rules[0].match: nowhere/** matches no image",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_are_left_alone_with_the_reason(tree: Tree, tmp_path: Path) -> None:
    tree.write(a_jpg=JPEG)
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(JPEG)
    (tree.root / "in.jpg").symlink_to(tree.root / "a.jpg")
    (tree.root / "out.jpg").symlink_to(outside)
    (tree.root / "loop").symlink_to(tree.root)
    (tree.root / "away").symlink_to(tmp_path)
    (tree.root / "self.jpg").symlink_to(tree.root / "self.jpg")
    tree.put(".hidden/b.jpg", JPEG)
    (tree.root / "hidden.jpg").symlink_to(tree.root / ".hidden" / "b.jpg")
    (tree.root / ".dot").symlink_to(tmp_path)
    (tree.root / "broken.jpg").symlink_to(tree.root / "nowhere.jpg")
    os.mkfifo(tree.root / "pipe.jpg")
    made = plan.make(config(tree.root))
    assert [task.asset.path for task in made.tasks] == ["a.jpg"]
    assert {one.path: one.reason for one in made.skipped} == {
        "in.jpg": "a symbolic link; its target is built under its own name",
        "hidden.jpg": "a symbolic link; its target is not built",
        "out.jpg": "a symbolic link out of the tree",
        "broken.jpg": "a symbolic link that leads nowhere",
        "self.jpg": "a symbolic link that leads nowhere",
        "loop/": "a symbolic link to a folder of the tree; its images are built under their own names",
        "away/": "a symbolic link to a folder out of the tree",
        "pipe.jpg": "not a regular file",
    }


def test_names_that_differ_in_case_alone_are_a_warning(tree: Tree) -> None:
    tree.write(a_jpg=JPEG, A_JPG=JPEG, sub__e_png=JPEG, sub__E_png=JPEG, sub__f_png=JPEG)
    if not (tree.root / "a.jpg").samefile(tree.root / "A.JPG"):
        made = plan.make(config(tree.root))
        assert len(made.tasks) == 5
        assert made.warnings == (
            "A.JPG and a.jpg are one file where the case of names does not count, as on macOS and Windows, and 1 more "
            "such pairs",
        )


def test_paths_are_relative_to_the_config(tree: Tree) -> None:
    tree.write(assets__photos__a_jpg=JPEG)
    made = plan.make(Config(tree.root, tree.root / "assets", rules=(Rule("rules[0]", ("photos/*",), Settings()),)))
    assert [(task.asset.path, task.rule.name) for task in made.tasks] == [("assets/photos/a.jpg", "rules[0]")]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_names_that_are_no_text(tree: Tree) -> None:
    (tree.root / os.fsdecode(b"caf\xe9.jpg")).write_bytes(JPEG)
    tree.put("new\nline 🐈.jpg", JPEG)
    assert len(plan.make(config(tree.root)).tasks) == 2
