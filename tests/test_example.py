"""The example site: built end to end by the real command, and shown by a real browser where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from conftest import REPOSITORY, Tree

EXAMPLE = REPOSITORY / "example_site"
PAGES = ("index.html", "gallery.html", "guide.html", "compare.html")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy of the example, built, with its pages."""
    leave = shutil.ignore_patterns("*.semopt.*", ".semopt", "semopt-manifest.json")
    tree = Tree(Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("example") / "site", ignore=leave)))
    ran = tree.semopt("build")
    assert (ran.returncode, ran.stderr) == (0, "")
    subprocess.run([sys.executable, "build_pages.py"], cwd=tree.root, check=True, capture_output=True)
    return tree


def test_every_strategy_did_its_work(built: Tree) -> None:
    entries = built.manifest.values()
    assert len(entries) >= 12
    assert {entry["strategy"] for entry in entries} >= {"semantic", "both", "visual", "lossless", "skip"}
    for entry in entries:
        assert entry["status"] == ("skipped" if entry["strategy"] == "skip" else "optimized"), entry


def test_together_it_is_less_than_a_third(built: Tree) -> None:
    entries = [entry for entry in built.manifest.values() if entry["variants"]]
    smallest = sum(min(variant["bytes"] for variant in entry["variants"]) for entry in entries)
    assert smallest < sum(entry["bytes"] for entry in entries) / 3


def test_pictures_keep_their_shape_and_judges_their_answer(built: Tree) -> None:
    for entry in built.manifest.values():
        for variant in entry["variants"]:
            width, height = Image.open(built.root / variant["path"]).size
            assert (width, height) == (variant["width"], variant["height"])
            assert abs(width / height - entry["width"] / entry["height"]) < 0.02
            for score in variant["scores"].values():
                assert score["similarity"] >= 0.9


def test_pages_name_only_files_that_are_there_and_people_never_see_what_is_for_machines(built: Tree) -> None:
    machines = {v["path"] for e in built.manifest.values() for v in e["variants"] if v["for"] == "machines"}
    assert machines
    for name in PAGES:
        page = (built.root / name).read_text()
        named = set(re.findall(r'(?:src|srcset|href)="([^"#:]+)"', page))
        assert named
        assert not [link for link in named if not (built.root / link.partition("#")[0]).exists()]
        if name != "compare.html":
            assert not machines & named
            assert name == "index.html" or "<source" in page or name == "guide.html"


def test_a_second_build_changes_nothing(built: Tree) -> None:
    before = built.files()
    assert {one["status"] for one in built.build()} == {"cached", "skipped"}
    assert built.files() == before


def test_without_variants_the_pages_show_the_originals(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(EXAMPLE, tmp_path / "site", ignore=shutil.ignore_patterns("*.html")))
    shutil.copytree(EXAMPLE / "templates", copy / "templates", dirs_exist_ok=True)
    subprocess.run([sys.executable, "build_pages.py", "--plain"], cwd=copy, check=True, capture_output=True)
    page = (copy / "gallery.html").read_text()
    assert "<source" not in page
    assert page.count("<img") >= 4


def test_every_picture_is_credited() -> None:
    credits = (EXAMPLE / "CREDITS.md").read_text()
    pictures = [file for file in (EXAMPLE / "assets").rglob("*") if file.is_file() and ".semopt." not in file.name]
    assert len(pictures) >= 12
    assert not [file.name for file in pictures if file.name not in credits]


def test_pictures_for_people_have_a_placeholder_that_is_a_picture(built: Tree) -> None:
    placeholders = [entry["placeholder"] for entry in built.manifest.values() if entry["placeholder"]]
    assert len(placeholders) == 7
    assert all(len(uri) <= 1024 for uri in placeholders)
    page = (built.root / "gallery.html").read_text()
    assert page.count("background:url(data:image/webp;base64,") >= 4


def test_a_browser_shows_the_variants(built: Tree, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")
    script = (
        "<script>addEventListener('load', () => setTimeout(() => { document.title = JSON.stringify("
        "[...document.images].map(i => [i.complete && i.naturalWidth > 0, i.currentSrc.split('/').pop()]))"
        " }, 500))</script>"
    )
    page = (built.root / "gallery.html").read_text().replace('loading="lazy"', "")
    (built.root / "shown.html").write_text(page.replace("</body>", f"{script}</body>"))
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    command = [chromium, *flags.split(), f"--user-data-dir={tmp_path}", "--virtual-time-budget=9000", "--dump-dom"]
    ran = subprocess.run([*command, f"file://{built.root}/shown.html"], capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(\[.*?)</title>", ran.stdout, re.DOTALL)
    assert title, ran.stderr[-500:]
    shown = json.loads(title[1].replace("&quot;", '"').replace("&amp;", "&"))
    assert all(complete for complete, _ in shown), shown
    assert any(".semopt.avif" in name for _, name in shown)
