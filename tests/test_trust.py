"""What comes with a tree is not trusted: its cache, its books, its config, and whatever stands where a file is read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import Tree, drawing, encoded, photo
from semopt import config as configs
from semopt import regular
from semopt.atomic import digest
from semopt.belief import believable
from semopt.cache import Cache
from semopt.keys import Keys
from semopt.naming import fault
from semopt.types import Asset, ConfigError, Limits, Outcome, Stat, Variant

ORIGINAL = encoded(drawing(120, 90), "PNG", compress_level=0)
WEBP = encoded(drawing(120, 90), "WEBP", lossless=True)
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files, or links need rights there")


def variant(content: bytes = WEBP, **fields: Any) -> Variant:
    made = Variant("", "webp", "image/webp", 120, 90, None, len(content), digest(content), "people")
    return replace(made, **fields)


def answer(*variants: Variant, **fields: Any) -> Outcome:
    made = Outcome("", "optimized", "", None, "lossless", digest(ORIGINAL), len(ORIGINAL), 120, 90, variants)
    return replace(made, **fields)


# --- answers out of a cache -------------------------------------------------------------------------------------


def believed(one: Outcome, *contents: bytes, limits: Limits = Limits()) -> bool:
    asset = Asset("a.png", Path("a.png"), Stat(len(ORIGINAL), 0, 0, 0))
    return believable(one, contents, asset, digest(ORIGINAL), limits)


def test_a_true_answer_is_believed() -> None:
    assert believed(answer(variant()), WEBP)
    assert believed(answer(status="kept", reason="it is best as it is"))


@pytest.mark.parametrize(
    "one",
    [
        answer(variant(), status="kept"),
        answer(variant(), status="skipped"),
        answer(variant(), sha256=digest(b"other")),
        answer(variant(), bytes=10**9),
        answer(variant(), width=None),
        answer(variant(), width=60),
        answer(variant(format="exe")),
        answer(variant(format="png")),
        answer(variant(media_type="text/html")),
        answer(variant(width=119)),
        answer(variant(height=10**6), height=10**6),
        answer(variant(bytes=1)),
    ],
)
def test_an_answer_that_no_search_gives_is_not(one: Outcome) -> None:
    assert not believed(one, WEBP)


def test_bytes_that_are_not_the_image_they_should_be_are_not() -> None:
    larger = WEBP + bytes(len(ORIGINAL))
    still = encoded(drawing(120, 90), "WEBP", save_all=True, append_images=[photo(120, 90)])
    for content in (b"<script>", b"", WEBP[:-40], encoded(drawing(120, 90), "PNG"), larger, still):
        assert not believed(answer(variant(content)), content)
    assert not believed(answer(variant(), variant()), WEBP, WEBP)
    assert not believed(answer(variant()))
    assert not believed(answer(variant()), WEBP, limits=Limits(max_pixels=100))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", ["webp"]),
        ("width", "120"),
        ("width", True),
        ("width", 1e9),
        ("bytes", 10**40),
        ("sha256", None),
        ("quality", float("nan")),
        ("for", "everybody"),
        ("scores", {"j": {"similarity": float("inf")}}),
        ("scores", {"j": {"similarity": 1, "label": ["x"]}}),
        ("scores", [1]),
        ("path", 3),
    ],
)
def test_an_answer_of_odd_types_is_a_miss(tmp_path: Path, field: str, value: object) -> None:
    cache = Cache(tmp_path)
    cache.put("k" * 64, answer(variant()), [WEBP])
    (entry,) = (tmp_path / "answers").rglob("*.json")
    forged = json.loads(entry.read_bytes().partition(b"\n")[2])
    forged["variants"][0][field] = value
    body = json.dumps(forged).encode()
    entry.write_bytes(digest(b"k" * 64 + body).encode() + b"\n" + body)
    assert cache.get("k" * 64) is None


@pytest.mark.parametrize("sha256", ["", "..", "../../x", "/etc/passwd", "a\0b", "x" * 5000, "\ud800"])
def test_a_name_of_contents_never_leads_out(tmp_path: Path, sha256: str) -> None:
    assert Cache(tmp_path / "cache").content(sha256) is None


def forged(root: Path, change: Callable[[Outcome, list[bytes]], tuple[Outcome, list[bytes]]]) -> None:
    """Put another answer for the original of a tree into its cache, sealed as semopt seals it."""
    config = configs.default(root)
    key = Keys(config).key(config.default, digest(ORIGINAL))
    cache = Cache(root / ".semopt" / "cache")
    true = cache.get(key)
    assert true is not None
    contents = [cache.content(one.sha256) or b"" for one in true.variants]
    cache.put(key, *change(true, contents))


def test_a_forged_cache_costs_a_search_and_no_more(tree: Tree) -> None:
    tree.put("a.png", ORIGINAL)
    tree.build()
    whole = tree.files()
    page = b"<script>alert(1)</script>"
    changes: list[Callable[[Outcome, list[bytes]], tuple[Outcome, list[bytes]]]] = [
        lambda one, _: (replace(one, variants=(variant(page),)), [page]),
        lambda one, contents: (replace(one, variants=(replace(one.variants[0], width=10**9),)), contents),
        lambda one, contents: (replace(one, variants=(one.variants[0],) * 2), contents),
    ]
    for change in changes:
        forged(tree.root, change)
        for file in tree.root.glob("*.semopt*"):
            file.unlink() if file.is_file() else None
        (tree.root / "semopt-manifest.json").unlink()
        (tree.root / ".semopt" / "index.json").unlink()
        assert [one["status"] for one in tree.build()] == ["optimized"]
        assert tree.files() == whole


# --- what stands where a file is read ---------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("path", ["pipe", "/dev/zero", "folder"])
def test_only_regular_files_are_read(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"regular file|directory"):
        regular.read(tmp_path / path)


@posix
def test_a_pipe_anywhere_never_holds_a_build_up(tree: Tree) -> None:
    tree.put("a.png", ORIGINAL).with_name("b.png").write_bytes(encoded(drawing(90, 60), "PNG", compress_level=0))
    tree.build()
    cached = sorted(file for file in (tree.root / ".semopt" / "cache").rglob("*") if file.is_file())
    books = [tree.root / ".semopt" / name for name in ("index.json", "journal", "lock", ".gitignore")]
    others = [tree.root / name for name in ("semopt-manifest.json", "semopt.yaml", "b.png", "a.png.semopt.png")]
    for file in (*cached, *books, *others):
        before = file.read_bytes() if file.exists() else None
        file.unlink(missing_ok=True)
        os.mkfifo(file)
        ran = tree.semopt("build")
        assert ran.returncode in (0, 1, 2)
        assert "Traceback" not in ran.stderr, file
        assert (tree.root / "a.png").read_bytes() == ORIGINAL
        if file.is_fifo():
            file.unlink()
        if before is not None:
            file.write_bytes(before)
    assert tree.semopt("build").returncode == 0


@posix
@pytest.mark.parametrize("link", [".semopt", ".semopt/cache"])
def test_books_and_cache_are_not_kept_behind_a_link(tree: Tree, tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "index.json").write_text("somebody's own")
    tree.put("a.png", ORIGINAL)
    (tree.root / link).parent.mkdir(exist_ok=True)
    (tree.root / link).symlink_to(elsewhere)
    for command in (["build"], ["build", "--dry-run"], ["check"], ["explain", "a.png"], ["cache", "clear"], ["clean"]):
        ran = tree.semopt(*command)
        assert "Traceback" not in ran.stderr
        if command[0] != "clean":
            assert "is a link, which is not followed here; move it away, or set 'cache' instead" in ran.stderr
    assert [file.name for file in elsewhere.iterdir()] == ["index.json"]
    assert (elsewhere / "index.json").read_text() == "somebody's own"


@posix
def test_a_link_within_the_cache_leads_nowhere(tree: Tree, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    tree.put("a.png", ORIGINAL)
    (tree.root / ".semopt" / "cache").mkdir(parents=True)
    (tree.root / ".semopt" / "cache" / "contents").symlink_to(elsewhere)
    ran = tree.semopt("build")
    assert ran.returncode == 0
    assert "the cache cannot be written" in ran.stderr
    assert not list(elsewhere.rglob("*.*"))
    assert tree.manifest["a.png"]["status"] == "optimized"


@posix
def test_an_original_with_two_names_is_built_and_never_written_through(tree: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(ORIGINAL)
    os.link(outside, tree.root / "a.png")
    os.link(outside, tree.root / "b.png")
    assert {one["status"] for one in tree.build()} <= {"optimized", "cached"}
    assert outside.read_bytes() == ORIGINAL
    assert outside.stat().st_nlink == 3


# --- configs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        r'assets: "a\0b"',
        r'cache: "a\0b"',
        r'output: "{dir}/{name}\0.x.{ext}"',
        r'exclude: ["\0"]',
        r'evaluators: {a: {kind: onnx, path: "a\0.onnx"}}',
        r'evaluators: {a: {kind: torchvision, model: resnet18, weights: "a\0.pth"}}',
        r'rules: [{match: "a\0"}]',
    ],
)
def test_a_name_that_no_file_can_have_is_refused_with_a_sentence(tree: Tree, text: str) -> None:
    file = tree.put("semopt.yaml", f"version: 1\n{text}\n")
    with pytest.raises(ConfigError, match=r"semopt\.yaml"):
        configs.load(file)


@pytest.mark.parametrize("template", ["C:{dir}/{name}.x.{ext}", "{dir}/{name}\0.{ext}", "{dir}/{name}:s.{ext}"])
def test_a_template_of_a_drive_or_a_stream_is_refused(template: str) -> None:
    assert "every system" in (fault(template) or "")
