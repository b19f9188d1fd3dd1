"""Variants in a folder of their own: a file for every image that can be read, and nothing of others touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from conftest import Tree, drawing, encoded, photo
from semopt import manifest, pipeline, plan
from semopt.types import Config, Outcome, Place, Plan, Rule, Settings, Task

TINY = encoded(photo(20, 20, 3), "WEBP", quality=1)


def config(tree: Tree, **settings: object) -> Config:
    rule = Rule("default", ("**",), Settings("semantic", ("webp",), "smallest", **settings))  # type: ignore[arg-type]
    (tree.root / "new").mkdir(exist_ok=True)
    return Config(tree.root / "books", tree.root / "raw", default=rule, output="{dir}/{name}.{ext}",
                  target=tree.root / "new")  # fmt: skip


def planned(config: Config) -> Plan:
    def placed(task: Task) -> Task:
        path = task.asset.path
        return replace(task, asset=replace(task.asset, place=Place(path, path.rpartition(".")[0])))

    made = plan.make(config)
    return replace(made, tasks=tuple(map(placed, made.tasks)))


def build(config: Config) -> dict[str, Outcome]:
    def revised(task: Task, answer: Outcome, contents: Sequence[bytes]) -> Outcome:
        return replace(answer, status="kept") if task.asset.path == "odd.png" else answer

    scope = pipeline.Scope(1, plan=planned(config), revised=revised)
    return {outcome.path: outcome for outcome in pipeline.run(config, scope)}


def files(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_every_readable_image_gets_one_file(tree: Tree) -> None:
    tree.put("raw/a/photo.jpg", encoded(photo(160, 120, 1)))
    tree.put("raw/tiny.webp", TINY)
    tree.put("raw/odd.png", b"opens elsewhere")
    tree.put("raw/broken.png", b"opens nowhere")
    before = files(tree.root / "raw")
    made = build(config(tree))
    new = files(tree.root / "new")
    assert set(new) == {"a/photo.webp", "tiny.webp", "odd.png"}
    assert (new["tiny.webp"], new["odd.png"]) == (TINY, b"opens elsewhere")
    assert {path: one.status for path, one in made.items()} == {
        "a/photo.jpg": "optimized", "tiny.webp": "kept", "odd.png": "kept", "broken.png": "failed"
    }  # fmt: skip
    assert files(tree.root / "raw") == before


def test_a_second_run_writes_nothing_and_says_the_same(tree: Tree) -> None:
    tree.put("raw/a/photo.jpg", encoded(photo(160, 120, 1)))
    tree.put("raw/tiny.webp", TINY)
    first = build(config(tree))
    books, stamps = files(tree.root / "books"), {f: f.stat().st_mtime_ns for f in (tree.root / "new").rglob("*")}
    again = build(config(tree))
    assert {one.status for one in again.values()} == {"cached"}
    assert {path: one.variants[0].path for path, one in again.items()} == {
        path: one.variants[0].path for path, one in first.items()
    }
    assert {f: f.stat().st_mtime_ns for f in (tree.root / "new").rglob("*")} == stamps
    assert files(tree.root / "books")[manifest.NAME] == books[manifest.NAME]


def test_what_is_gone_goes_and_what_is_foreign_stays(tree: Tree) -> None:
    one = tree.put("raw/one.webp", TINY)
    tree.put("raw/two.jpg", encoded(photo(160, 120, 1)))
    foreign = tree.put("new/two.webp", "mine")
    made = build(config(tree))
    assert made["two.jpg"].reason.startswith("two.webp is in the way and was not written by semopt")
    one.unlink()
    build(config(tree))
    assert files(tree.root / "new") == {"two.webp": b"mine"}
    foreign.unlink()
    assert build(config(tree))["two.jpg"].status == "cached"
    assert list(files(tree.root / "new")) == ["two.webp"]


def test_a_copy_that_was_edited_is_left_and_named(tree: Tree) -> None:
    tree.put("raw/one.webp", TINY)
    build(config(tree))
    tree.put("new/one.webp", "edited")
    assert "was changed since semopt wrote it" in build(config(tree))["one.webp"].reason
    assert files(tree.root / "new") == {"one.webp": b"edited"}


def test_max_side_bounds_both_sides_of_variants(tree: Tree) -> None:
    """A photograph that is not recognised so small is copied as it is."""
    tree.put("raw/wide.jpg", encoded(photo(200, 150, 1)))
    tree.put("raw/high.jpg", encoded(photo(150, 200, 1)))
    tree.put("raw/drawn.png", encoded(drawing(), "PNG", compress_level=1))
    made = build(config(tree, max_side=150))
    assert all(one.variants for one in made.values())
    sizes = {path: Image.open(tree.root / "new" / path).size for path in files(tree.root / "new")}
    assert all(max(size) <= 150 for path, size in sizes.items() if path.endswith(".webp"))
    assert sizes["drawn.webp"] == (150, 112)
