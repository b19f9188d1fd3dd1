"""`semopt compress` through the real command: one file for each image, and nothing else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from conftest import Tree, drawing, encoded, photo

SAME = ("--strategy", "lossless")
EASY = ("--strategy", "semantic", "--similarity", "0.6", "--format", "webp")


@pytest.fixture
def pictures(tree: Tree) -> Tree:
    tree.put("one.jpg", encoded(photo(120, 90, 1)))
    tree.put("two.png", encoded(drawing(80, 60), "PNG", compress_level=1))
    return tree


def names(tree: Tree) -> set[str]:
    return {file.relative_to(tree.root).as_posix() for file in tree.root.rglob("*") if file.is_file()}


def test_a_file_beside_the_original_one_line_and_nothing_of_semopt(pictures: Tree) -> None:
    before = pictures.files()
    ran = pictures.semopt("compress", "one.jpg", *EASY)
    assert (ran.returncode, ran.stderr, ran.stdout.count("\n")) == (0, "", 1)
    assert ran.stdout.startswith("one.jpg: optimized: ")
    assert "one.jpg.semopt.webp" in ran.stdout
    assert names(pictures) == {*before, "one.jpg.semopt.webp"}
    after = pictures.files()
    assert {path: after[path] for path in before} == before
    assert Image.open(io.BytesIO(after["one.jpg.semopt.webp"])).format == "WEBP"
    assert len(after["one.jpg.semopt.webp"]) < len(before["one.jpg"])


def test_without_a_strategy_nobodys_picture_becomes_a_smear(pictures: Tree) -> None:
    ran = pictures.semopt("compress", "one.jpg", "two.png", "-o", "out/", "--json", "--jobs", "2")
    found = {line["path"]: line for line in map(json.loads, ran.stdout.splitlines())}
    assert {path: one["strategy"] for path, one in found.items()} == {"one.jpg": "both", "two.png": "lossless"}
    assert {Path(one["written"]).parent.name for one in found.values()} == {"out"}
    assert names(pictures) == {"one.jpg", "two.png", *(one["written"] for one in found.values())}
    assert Image.open(pictures.root / found["two.png"]["written"]).convert("RGB").tobytes() == drawing(80, 60).tobytes()


def test_the_suffix_of_out_says_the_format(pictures: Tree) -> None:
    assert pictures.semopt("compress", "two.png", "-o", "small.webp", "--strategy", "lossless").returncode == 0
    assert Image.open(pictures.root / "small.webp").format == "WEBP"


def test_another_content_is_overwritten_only_by_force_and_an_original_never(pictures: Tree) -> None:
    pictures.put("small.webp", b"mine")
    ran = pictures.semopt("compress", "two.png", "-o", "small.webp", *SAME)
    assert ran.returncode == 1
    assert "small.webp is there and has another content" in ran.stderr
    assert (pictures.root / "small.webp").read_bytes() == b"mine"
    assert pictures.semopt("compress", "two.png", "-o", "small.webp", *SAME, "--force").returncode == 0
    written = (pictures.root / "small.webp").stat()
    assert pictures.semopt("compress", "two.png", "-o", "small.webp", *SAME).returncode == 0
    assert (pictures.root / "small.webp").stat().st_mtime_ns == written.st_mtime_ns
    before = pictures.files()
    forced = pictures.semopt("compress", "two.png", "-o", "two.png", *SAME, "--force")
    assert forced.returncode == 1
    assert "is an original, which is never overwritten" in forced.stderr
    assert pictures.files() == before


def test_one_broken_file_does_not_stop_the_others(pictures: Tree) -> None:
    pictures.put("text.jpg", "only words")
    ran = pictures.semopt("compress", "text.jpg", "gone.jpg", "two.png", "--strategy", "lossless")
    assert ran.returncode == 1
    assert "text.jpg: failed: the file is text, not an image; the original is untouched" in ran.stderr
    assert "gone.jpg: failed: cannot be read: No such file or directory" in ran.stderr
    assert ran.stdout.startswith("two.png: optimized: ")


def test_nothing_smaller_is_no_failure(tree: Tree) -> None:
    tree.put("one.webp", encoded(drawing(80, 60), "WEBP", lossless=True))
    ran = tree.semopt("compress", "one.webp", "--strategy", "lossless", "--format", "png")
    assert ran.returncode == 0
    assert ran.stdout == "one.webp: kept: no variant is smaller than the original\n"
    assert names(tree) == {"one.webp"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--strategy", "semanitc"), "did you mean 'semantic'?"),
        (("--strategy", "skip"), "'skip' is not a strategy for single images"),
        (("--format", "wepb"), "did you mean 'webp'?"),
        (("--strategy", "lossless", "--format", "avif"), "'lossless' has no use for 'avif'; choose from webp, png"),
        (("--evaluator", "resnet51"), "did you mean 'resnet50'?"),
        (("--weights", "net.pth"), "'embedded' has none"),
        (("--evaluator", "resnet18", "--weights", "none.pth"), "none.pth"),
        (("--similarity", "high"), "expected a number from 0 to 1, found 'high'"),
        (("-o", "small"), "its suffix names no format"),
        (("-o", "small.webp", "--format", "avif"), "is of format webp, and --format says avif"),
        (("two.png", "-o", "small.webp"), "is no folder, and there are 2 files"),
    ],
)
def test_wrong_usage_is_2_and_writes_nothing(pictures: Tree, arguments: tuple[str, ...], said: str) -> None:
    before = pictures.files()
    ran = pictures.semopt("compress", "one.jpg", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert pictures.files() == before


def test_help_shows_an_example(tree: Tree) -> None:
    assert "examples:" in tree.semopt("compress", "--help").stdout
