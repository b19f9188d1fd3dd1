"""`semopt init`: the config that it proposes is read, says why, and governs every image as its looks suggest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import Tree, drawing, encoded, photo
from semopt import config, plan, scaffold
from semopt.types import Config

PHOTO, DRAWING = encoded(photo(160, 120)), encoded(drawing(), "PNG")


def proposed(tree: Tree) -> Config:
    ran = tree.semopt("init", "--no-estimate")
    assert (ran.returncode, ran.stderr) == (0, "")
    return config.load(tree.root / "semopt.yaml")


def strategies(tree: Tree, made: Config) -> dict[str, str | None]:
    """The strategy of every image; each must be matched by a rule, and each rule by an image."""
    planned = plan.make(made)
    assert planned.warnings == ()
    rules = {task.asset.path: task.rule for task in planned.tasks}
    assert "default" not in {rule.name for rule in rules.values()}
    skipped = {one.path: one.strategy for one in planned.skipped}
    return {**{path: rule.settings.strategy for path, rule in rules.items()}, **skipped}


def test_each_folder_gets_what_its_images_are(tree: Tree) -> None:
    tree.put("photos/a.jpg", PHOTO)
    tree.put("photos/2020/b.jpg", PHOTO)
    tree.put("site/icons/a.png", DRAWING)
    tree.put("site/screens/a.png", DRAWING)
    tree.put("site/mixed/a.png", DRAWING)
    tree.put("site/mixed/b.jpg", PHOTO)
    made = proposed(tree)
    assert strategies(tree, made) == {
        "photos/a.jpg": "both", "photos/2020/b.jpg": "both", "site/icons/a.png": "lossless",
        "site/screens/a.png": "lossless", "site/mixed/a.png": None, "site/mixed/b.jpg": None,
    }  # fmt: skip
    assert [rule.match for rule in made.rules] == [("photos/**",), ("site/icons/**",), ("site/screens/**",), ("**",)]
    text = (tree.root / "semopt.yaml").read_text()
    assert "# 2 images, 2 looked at: photographs, up to 160 x 120 px" in text


def test_a_tree_of_one_sort_gets_one_rule(tree: Tree) -> None:
    tree.put("a.jpg", PHOTO)
    tree.put("b/c.jpg", PHOTO)
    assert [(rule.match, rule.settings.strategy) for rule in proposed(tree).rules] == [(("**",), "both")]


def test_images_beside_folders_have_a_rule_of_their_own(tree: Tree) -> None:
    tree.put("a.jpg", PHOTO)
    tree.put("b/c.png", DRAWING)
    made = proposed(tree)
    assert [(rule.match, rule.settings.strategy) for rule in made.rules] == [(("b/**",), "lossless"), (("*",), "both")]
    strategies(tree, made)


def test_a_tree_without_images(tree: Tree) -> None:
    tree.put("notes.txt", "none here")
    assert proposed(tree).rules == ()
    assert tree.semopt("build").returncode == 0


def test_what_is_wrong_or_animated_decides_nothing_for_others(tree: Tree) -> None:
    frames = [Image.new("RGB", (90, 90), shade) for shade in ("red", "blue")]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    tree.put("moving/a.gif", moving)
    tree.put("photos/a.gif", moving)
    tree.put("photos/b.jpg", PHOTO)
    tree.put("broken/a.jpg", b"no image")
    tree.put("scanned/a.jpg", encoded(drawing()))
    assert strategies(tree, proposed(tree)) == {
        "moving/a.gif": "skip", "photos/a.gif": "both", "photos/b.jpg": "both", "broken/a.jpg": None,
        "scanned/a.jpg": None,
    }  # fmt: skip


def test_small_and_transparent_images_are_icons_however_shaded(tree: Tree) -> None:
    shaded = photo(128, 128).convert("RGBA")
    shaded.putalpha(Image.linear_gradient("L").resize((128, 128)))
    tree.put("marks/a.png", encoded(shaded, "PNG"))
    tree.put("tiny/a.png", encoded(photo(32, 32), "PNG"))
    tree.put("cut/a.png", encoded(shaded.resize((400, 300)), "PNG"))
    assert strategies(tree, proposed(tree)) == {
        "marks/a.png": "lossless", "tiny/a.png": "lossless", "cut/a.png": "both",
    }  # fmt: skip
    assert "some transparent" in (tree.root / "semopt.yaml").read_text()


ODD = [
    "a [b]",
    "*",
    "what?",
    "'quoted' \"twice\"",
    "#hash",
    "{x}: y",
    "ünï 🐈",
    "!neg[!a]",
    "v1.2",
    "~",
    "a,b",
    "- x",
    " ",
]


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_any_folder_name_makes_a_config_that_is_read(tree: Tree) -> None:
    tree.put("plain/a.png", DRAWING)
    for name in [*ODD, "tab\there", "line\nbreak", "back\\slash", "\u2028", "x" * 200]:
        tree.put(f"{name}/a.jpg", PHOTO)
    undecodable = tree.root / b"caf\xe9".decode("utf-8", "surrogateescape")
    undecodable.mkdir()
    (undecodable / "a.jpg").write_bytes(PHOTO)
    found = strategies(tree, proposed(tree))
    assert found.pop("plain/a.png") == "lossless"
    assert set(found.values()) == {"both"}


def test_the_sample_is_bounded(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in range(5):
        for number in range(9):
            tree.put(f"{folder}/{number}.jpg", PHOTO)
    looked: list[Any] = []
    monkeypatch.setattr(
        scaffold, "_look", lambda asset: looked.append(asset.path) or scaffold._Look("photographs", 9, 9)
    )
    assert scaffold.propose(tree.root).images == 45
    assert len(looked) == 5 * scaffold.MOST_OF_FOLDER == len(set(looked))
    looked.clear()
    monkeypatch.setattr(scaffold, "MOST_LOOKS", 3)
    text = scaffold.propose(tree.root).text
    assert len(looked) == 3
    made = config.parse(text, tree.root / "semopt.yaml")
    assert strategies(tree, made)["4/0.jpg"] is None, "a folder that was not looked into is left to the default"


def test_so_many_folders_get_so_many_rules(tree: Tree) -> None:
    for folder in range(scaffold.MOST_RULES + 5):
        tree.put(f"{folder}/a.png" if folder % 2 else f"{folder}/a.jpg", DRAWING if folder % 2 else PHOTO)
    made = config.parse(scaffold.propose(tree.root).text, tree.root / "semopt.yaml")
    assert len(made.rules) == scaffold.MOST_RULES + 1
    strategies(tree, made)


def test_a_config_that_is_there_is_never_overwritten(tree: Tree) -> None:
    tree.put("semopt.yaml", "mine")
    ran = tree.semopt("init")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "semopt.yaml is there already and is left as it is; --dry-run prints a proposal\n"
    assert tree.files() == {"semopt.yaml": b"mine"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_its_place_is_not_written_through(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "semopt.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert tree.semopt("init").returncode == 2
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_a_dry_run_prints_what_would_be_written(tree: Tree) -> None:
    tree.put("site/a.jpg", PHOTO)
    dry = tree.semopt("init", "site", "--dry-run", "--no-estimate")
    assert dry.returncode == 0
    assert set(tree.files()) == {"site/a.jpg"}
    assert tree.semopt("init", "site", "--no-estimate").stdout.endswith(
        "semopt.yaml: 1 rule for 1 image. Next: semopt build --dry-run\n"
    )
    assert (tree.root / "site/semopt.yaml").read_text() == dry.stdout


def test_a_folder_that_is_not_there_is_2(tree: Tree) -> None:
    ran = tree.semopt("init", "nowhere")
    assert (ran.returncode, ran.stderr) == (2, "nowhere: no such folder\n")


def test_variants_are_no_images_of_the_tree(tree: Tree) -> None:
    tree.put("a.jpg", PHOTO)
    tree.put("b/a.jpg.semopt.png", DRAWING)
    assert len(proposed(tree).rules) == 1


def test_help_shows_an_example(tree: Tree) -> None:
    assert "semopt init --dry-run" in tree.semopt("init", "--help").stdout


def test_an_estimate_is_said_and_nothing_else_is_written(tree: Tree) -> None:
    for number in range(4):
        tree.put(f"icons/{number}.png", encoded(drawing(60 + number, 40), "PNG", compress_level=1))
    dry = tree.semopt("init", "--dry-run")
    assert dry.returncode == 0
    assert dry.stderr.startswith("A build would save ")
    assert "A build" not in dry.stdout
    ran = tree.semopt("init")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(dry.stderr)
    assert "(all 4 images were searched)" in ran.stdout
    assert set(tree.files()) == {"semopt.yaml", *(f"icons/{number}.png" for number in range(4))}
    assert {file.name for file in (tree.root / ".semopt").iterdir()} == {".gitignore", "semopt.schema.json"}
    (first, *_) = (tree.root / "semopt.yaml").read_text().splitlines()
    assert first == "# yaml-language-server: $schema=.semopt/semopt.schema.json"


def test_estimates_stay_in_80_columns() -> None:
    from semopt.cli.init import said
    from semopt.estimate import Estimate

    for found in (
        Estimate(12, 10**8, 12, 12, 0.5),
        Estimate(123_456, 10**12, 12, 12, 0.999, 0.981, 1.0),
        Estimate(123_456, 10**12, 1, 12, 1.0),
    ):
        assert max(map(len, said(found).splitlines())) <= 80
