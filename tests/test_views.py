"""What judges are shown, each at the size that it wants; and judges that have no say on an image."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

import semopt
from conftest import Tree, drawing, encoded, photo
from semopt.atomic import digest
from semopt.criteria import MOST, Recognised
from semopt.images import view
from semopt.session import Opening, Session
from semopt.types import Candidate, Keep, Limits, Score

SILENT = Score(1.0, silent="it looks for cats only")


class Watcher:
    """A judge that notes the sizes that it is shown, and is content with everything."""

    name, labels = "watcher", False

    def __init__(self, score: Score = Score(1.0), pixels: int | None = None) -> None:
        self.score, self.seen, self.shown = score, set[tuple[int, int]](), 0
        if pixels is not None:
            self.pixels = pixels

    def observe(self, images: Any) -> list[None]:
        self.seen |= {image.size for image in images}
        self.shown += len(images)
        return [None for _ in images]

    def compare(self, reference: Any, observed: Any) -> Score:
        return self.score


def page(width: int = 1600, height: int = 300) -> Image.Image:
    """A wide screenshot with small words, which no one can read at 1,024 px."""
    image = Image.new("RGB", (width, height), (250, 250, 250))
    draw = ImageDraw.Draw(image)
    for row in range(height // 40):
        for left in range(20, width - 300, 340):
            words = f"Chapter {row + 1}: how to read column {left}"
            draw.text((left, 12 + 40 * row), words, (60, 60, 70), ImageFont.load_default(12))
    return image


@pytest.mark.parametrize(
    ("pixels", "size"), [(None, (1024, 192)), (1_000_000, (1600, 300)), (120_000, (800, 150)), (1, (2, 1))]
)
def test_a_judge_is_shown_what_it_asks_for(pixels: int | None, size: tuple[int, int]) -> None:
    assert view(page(), pixels=pixels).size == size
    judge = Watcher(pixels=pixels)
    semopt.compress(page(), formats=["webp"], evaluator=judge)
    assert max(judge.seen) == size


def test_views_of_several_sizes(tmp_path: Path) -> None:
    file = tmp_path / "one.png"
    file.write_bytes(content := encoded(page(), "PNG"))
    session = Session(Opening(file, digest(content), Limits(), (255, 255, 255), "strip"))
    shown = session.shown([None, Candidate("webp", 1600, 300, 80)], (None, 480_000))
    assert {pixels: [one.size for one in images] for pixels, images in shown.items()} == {
        None: [(1024, 192)] * 2,
        480_000: [(1600, 300)] * 2,
    }


def test_who_has_no_say_is_not_counted() -> None:
    judges = (("a", Keep(similarity=0.9)), ("b", Keep(cer=0.1)))
    assert Recognised(judges)({"a": Score(0.95), "b": SILENT}).passed
    assert not Recognised(judges)({"a": Score(0.5), "b": SILENT}).passed
    assert Recognised(judges, agree=2)({"a": Score(0.95), "b": SILENT}).passed
    for unheard in (False, True):
        nobody = Recognised(judges, unheard=unheard)({"a": SILENT, "b": SILENT})
        assert (nobody.passed, nobody.margin, nobody.settled) == (unheard, MOST if unheard else -MOST, True)


def test_who_has_no_say_settles_nothing_for_those_to_come() -> None:
    judges = (("a", Keep(similarity=0.9)), ("b", Keep(similarity=0.9)))
    for agree in (None, 1, 2):
        verdict = Recognised(judges, agree)({"a": SILENT})
        assert (verdict.passed, verdict.settled) == (False, False)


@pytest.mark.parametrize("strategy", ["semantic", "both"])
def test_an_image_on_which_nobody_has_a_say_goes_another_way(strategy: str) -> None:
    silent = Watcher(SILENT)
    found = semopt.compress(photo(), strategy=strategy, evaluator=silent)
    assert (found.strategy, found.reason) == ("visual", "watcher has no say (it looks for cats only)")
    assert silent.shown == 1, "the original, and no variant"
    assert semopt.compress(photo(), strategy=strategy, evaluator=Watcher()).strategy == strategy


# --- with the judge that reads ----------------------------------------------------------------------------------------

RULE = "version: 1\nrules: [{match: '**', strategy: %s, evaluator: %s, formats: [webp]}]\n"


@pytest.fixture
def docs(tree: Tree) -> Tree:
    """A documentation site: a screenshot, and a photograph."""
    pytest.importorskip("rapidocr")
    tree.put("page.png", encoded(page(1200, 120), "PNG", compress_level=0))
    tree.put("team.png", encoded(photo(seed=1), "PNG", compress_level=0))
    return tree


def outcomes(tree: Tree, strategy: str, judges: str) -> dict[str, dict[str, Any]]:
    tree.put("semopt.yaml", RULE % (strategy, judges))
    return {one["path"]: one for one in tree.build("--jobs", "1")}


@pytest.mark.parametrize("strategy", ["both", "semantic"])
def test_a_screenshot_can_still_be_read(docs: Tree, strategy: str) -> None:
    lax = "keep: {embedded: {similarity: 0.3}}"  # so that reading is what decides
    alone = outcomes(docs, strategy, f"embedded, {lax}")
    found = outcomes(docs, strategy, f"[embedded, text], {lax}")
    (variant,) = found["page.png"]["variants"]
    assert variant["scores"]["text"]["cer"] <= 0.02
    assert variant["bytes"] < found["page.png"]["bytes"]
    photographs = [[made["sha256"] for made in one["team.png"]["variants"]] for one in (alone, found)]
    assert photographs[0] == photographs[1], "what holds no text is left to the other judge"
    assert set(variant["scores"]) == {"text"}, "a screenshot is no affair of the other judge"
    assert (found["page.png"]["strategy"], found["page.png"]["reason"]) == (strategy, "")
    assert found["team.png"]["strategy"] == strategy
    if strategy == "semantic":
        assert alone["page.png"]["strategy"] == "lossless"
        assert docs.semopt("check").returncode == 0
        shutil.rmtree(docs.root / ".semopt")
        assert docs.semopt("check").returncode == 0, "the judges are asked anew"


def test_what_holds_no_text_goes_another_way_where_text_is_alone(docs: Tree) -> None:
    docs.put("logo.png", encoded(drawing(120, 90), "PNG", compress_level=0))
    found = outcomes(docs, "semantic", "text")
    said = {path: (one["strategy"], one["reason"]) for path, one in found.items()}
    wordless = "text has no say (no text can be read in the original)"
    assert said == {"page.png": ("semantic", ""), "team.png": ("visual", wordless), "logo.png": ("lossless", wordless)}
    assert found["team.png"]["work"]["judges"] == {
        "text": {"reference": 1, "search": 0, "confirm": 0, "placeholder": 0}
    }
    assert {one["status"] for one in docs.build()} == {"cached"}
    assert docs.semopt("check", "--again").returncode == 0


def test_text_confirms_what_holds_text(docs: Tree) -> None:
    docs.put("semopt.yaml", RULE % ("both", "embedded, confirm: text"))
    (team,) = [one for one in docs.build("--jobs", "1") if one["path"] == "team.png"]
    assert (team["status"], team["strategy"], team["reason"]) == ("optimized", "both", "")
    assert team["variants"][0]["scores"]["text"]["silent"] == "no text can be read in the original"
    assert " - " in docs.semopt("explain", "team.png").stdout
    assert docs.semopt("check", "--again", "--only", "team.png").returncode == 0
