"""`semopt cache`: what is shown is there; what goes is the cache's own."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Tree, drawing, encoded
from semopt.atomic import digest

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built tree, of which every test gets a copy."""
    tree = Tree(tmp_path_factory.mktemp("template"))
    tree.put("semopt.yaml", "version: 1\nrules:\n  - {match: '**', strategy: lossless}\n")
    tree.put("one.png", encoded(drawing(), "PNG", compress_level=1))
    tree.put("two.png", encoded(drawing(90, 90), "PNG", compress_level=1))
    assert tree.semopt("build", "-q").returncode == 0
    return tree.root


@pytest.fixture
def built(tree: Tree, template: Path) -> Tree:
    shutil.copytree(template, tree.root, dirs_exist_ok=True)
    return tree


def said(tree: Tree, *arguments: str) -> dict[str, Any]:
    ran = tree.semopt("cache", *arguments, "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)  # type: ignore[no-any-return]


def files(tree: Tree, shelf: str = "") -> list[Path]:
    return sorted(path for path in (tree.root / ".semopt/cache" / shelf).rglob("*") if path.is_file())


def test_show(built: Tree) -> None:
    shown = said(built, "show")
    assert shown == {
        "type": "cache", "folder": str(built.root / ".semopt/cache"), "answers": 2,
        "contents": len(files(built, "contents")), "bytes": sum(path.stat().st_size for path in files(built)),
    }  # fmt: skip
    assert shown["contents"] >= 2
    assert "2 answers, " in built.semopt("cache", "show").stdout


def test_show_of_a_tree_never_built(tree: Tree) -> None:
    assert (said(tree, "show")["answers"], said(tree, "show")["bytes"]) == (0, 0)
    assert not (tree.root / ".semopt").exists()


def test_prune_keeps_what_the_tree_needs(built: Tree) -> None:
    before = files(built)
    gone = said(built, "prune")
    assert (gone["type"], gone["answers"], gone["contents"], gone["bytes"]) == ("removed", 0, 0, 0)
    assert gone["kept"]["answers"] == 2
    assert files(built) == before


def test_prune_drops_what_no_image_refers_to(built: Tree) -> None:
    (built.root / "two.png").unlink()
    built.semopt("build", "-q")
    size = said(built, "show")["bytes"]
    gone = said(built, "prune")
    assert (gone["answers"], gone["kept"]["answers"]) == (1, 1)
    assert gone["contents"] >= 1
    assert gone["bytes"] == size - said(built, "show")["bytes"]
    (built.root / "one.png.semopt.webp").unlink()
    assert [one["action"] for one in dry(built)] == ["restore"]


def dry(tree: Tree) -> list[dict[str, Any]]:
    return [json.loads(line) for line in tree.semopt("build", "--dry-run", "--json").stdout.splitlines()]


def test_prune_drops_what_is_damaged_and_what_that_makes_useless(built: Tree) -> None:
    answer, content = files(built, "answers")[0], files(built, "contents")
    answer.write_bytes(b"damaged")
    gone = said(built, "prune")
    assert gone["answers"] == 1
    assert gone["contents"] >= 1
    content = files(built, "contents")
    content[0].write_bytes(b"damaged")
    gone = said(built, "prune")
    assert (gone["answers"], gone["contents"]) == (1, len(content))
    assert files(built) == []


def test_prune_takes_what_a_killed_build_never_finished(built: Tree) -> None:
    half = files(built, "contents")[0].with_name(".semopt-0123456789abcdef.tmp")
    half.write_bytes(b"half")
    assert said(built, "prune")["bytes"] == 4
    assert not half.exists()


def test_prune_without_a_known_build_removes_nothing(built: Tree) -> None:
    before = files(built)
    (built.root / ".semopt/index.json").write_bytes(b"damaged")
    ran = built.semopt("cache", "prune")
    assert ran.returncode == 1
    assert "run semopt build first" in ran.stderr
    assert files(built) == before


def test_clear(built: Tree) -> None:
    shown = said(built, "show")
    gone = said(built, "clear")
    assert {key: gone[key] for key in ("answers", "contents", "bytes")} == {
        key: shown[key] for key in ("answers", "contents", "bytes")
    }
    assert files(built) == []
    assert built.semopt("build", "-v").stdout.startswith("one.png: cached")


def test_what_the_cache_did_not_write_stays(built: Tree) -> None:
    foreign = [
        built.put(f".semopt/cache/{path}", b"mine")
        for path in (
            "notes.txt",
            "answers/notes",
            "contents/ab/notes",
            "contents/zz/" + "a" * 62,
            "other/ab/" + "a" * 62,
        )
    ]
    said(built, "prune")
    said(built, "clear")
    assert files(built) == sorted(foreign)


@needs_links
def test_links_are_not_followed(built: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    target = outside / "cd" / ("0" * 62)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    contents = built.root / ".semopt/cache/contents"
    (contents / "ef").unlink(missing_ok=True)
    shutil.rmtree(contents / "cd", ignore_errors=True)
    (contents / "cd").symlink_to(target.parent)
    (contents / "ab").mkdir(exist_ok=True)
    name = contents / "ab" / ("0" * 62)
    name.symlink_to(target)
    said(built, "clear")
    assert target.read_bytes() == b"mine"
    assert name.is_symlink()
    shutil.rmtree(contents)
    contents.symlink_to(outside)
    said(built, "clear")
    assert target.read_bytes() == b"mine"


@needs_links
@pytest.mark.parametrize("place", [".semopt", ".semopt/cache"])
@pytest.mark.parametrize("action", ["show", "prune", "clear"])
def test_the_default_folder_as_a_link_is_refused(built: Tree, tmp_path: Path, place: str, action: str) -> None:
    (built.root / place).rename(tmp_path / "away")
    (built.root / place).symlink_to(tmp_path / "away")
    before = sorted((tmp_path / "away").rglob("*"))
    ran = built.semopt("cache", action)
    assert ran.returncode == 1
    assert "is a link, which is not followed" in ran.stderr
    assert sorted((tmp_path / "away").rglob("*")) == before


def test_a_cache_that_the_config_names(built: Tree) -> None:
    built.put("semopt.yaml", "version: 1\ncache: shared\nrules:\n  - {match: '**', strategy: lossless}\n")
    (built.root / "one.png").write_bytes(encoded(drawing(50, 50), "PNG", compress_level=1))
    built.semopt("build", "-q")
    assert said(built, "show")["folder"] == str(built.root / "shared")
    assert said(built, "clear")["answers"] == 1
    assert len(files(built, "answers")) == 2


def test_an_entry_that_hides_under_anothers_name_is_damaged(built: Tree) -> None:
    content = files(built, "contents")[0]
    other = digest(b"other")
    target = built.put(f".semopt/cache/contents/{other[:2]}/{other[2:]}", content.read_bytes())
    said(built, "prune")
    assert not target.exists()
    assert content.exists()


@pytest.mark.parametrize("action", ["show", "prune", "clear"])
def test_help_shows_an_example(tree: Tree, action: str) -> None:
    assert f"semopt cache {action}" in tree.semopt("cache", "--help").stdout
    assert f"semopt cache {action} site" in tree.semopt("cache", action, "--help").stdout


def test_wrong_usage_is_2(tree: Tree) -> None:
    assert tree.semopt("cache").returncode == 2
    assert tree.semopt("cache", "empty").returncode == 2
