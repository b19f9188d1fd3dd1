"""What the pages in docs/ say can be done, and the files they name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import semopt
from conftest import REPOSITORY, Tree, photo
from semopt import config

PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
POST = REPOSITORY / "docs/the-post.md"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


@PAGE
def test_links_lead_to_files_and_pictures_are_small(page: Path) -> None:
    named = [page.parent / name for name in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())]
    assert not [file for file in named if not file.exists()]
    assert not [file for file in named if file.suffix == ".webp" and file.stat().st_size > 30_000]


def test_the_posts_config_is_a_config(tree: Tree) -> None:
    for block in blocks(POST, "yaml"):
        parsed = config.parse(block, tree.root / "semopt.yaml")
        assert {rule.settings.strategy for rule in parsed.rules} <= {"resize", "jpeg", "semantic"}


def test_the_posts_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(semopt, "Evaluator", lambda network: lambda image: image.width >= 50)
    photo(90, 60).save("cat.jpg")
    here: dict[str, Any] = {}
    for block in blocks(POST, "python"):
        exec(block, here)
    assert here["small"].width >= 50
    assert Path("coarse.jpg").stat().st_size
    assert here["BlurCompressor"](here["evaluator"])(here["photo"]).size == (90, 60)
