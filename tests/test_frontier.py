"""The frontier benchmark: its figures, its judges, its page, on drawn pictures."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageFilter

from conftest import REPOSITORY, Tree, drawing, encoded, photo
from semopt import config
from semopt.imagefolder.report import wilson
from tests.bench.frontier import built, grid, judges, methods, photos, plot, report, ssim
from tests.bench.frontier.evaluate import Choice, Panel, Row, evaluate, stable
from tests.bench.frontier.figures import Single, agreed, best_at, frontier, ratio, single
from tests.bench.frontier.judges import Judge
from tests.bench.frontier.store import Store

SETTINGS = (grid.Setting("webp", 48, 40), grid.Setting("webp", 96, 70), grid.Setting("avif", 128, 50))


class Fake:
    """Sees how wide a picture is at most, in steps: blind to everything else."""

    def __init__(self, step: int, share: float = 0.9) -> None:
        self.step, self.share, self.shown = step, share, 0

    def __call__(self, images: Sequence[Image.Image]) -> list[tuple[int, float]]:
        self.shown += len(images)
        return [(max(image.size) >= self.step, self.share) for image in images]


def judge(name: str, step: int = 60, share: float = 0.9) -> Judge:
    return Judge(name, "nothing", f"file of {name}", f"{name} {step} {share}", Fake(step, share))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store" / "frontier.sqlite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "photos"
    place.mkdir()
    for seed in range(4):
        (place / f"{seed}.jpg").write_bytes(encoded(photo(160, 120, seed)))
    (place / "copy of 1.jpg").write_bytes((place / "1.jpg").read_bytes())
    return place


def row(name: str, sizes: Sequence[float], held: Sequence[Sequence[bool]], took_part: Sequence[str] = ()) -> Row:
    return Row(name, np.array(sizes, float), np.array(held, bool), np.zeros(len(sizes), bool), frozenset(took_part))


def test_wilson_is_the_published_interval() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [([(3, 0.5)] * 3, True), ([(3, 0.9), (4, 0.9), (3, 0.9)], False), ([(3, 0.9), (3, 0.49), (3, 0.9)], False)],
)
def test_stable_is_one_and_the_same_confident_answer(looks: list[tuple[int, float]], expected: bool) -> None:
    assert stable(looks) is expected


def test_the_best_single_setting_is_the_smallest_of_those_that_agree_often_enough() -> None:
    means = np.array([[100.0, 200, 150, 400]] * 4)
    held = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1]], bool)
    settings = Single(("a", "b", "c", "d"), means, held)
    assert [best_at(settings, share) for share in (0.2, 0.5, 0.75, 1.0)] == [0, 2, 1, 3]
    assert best_at(Single(("a",), means[:, :1], held[:, :1]), 0.5) is None
    assert frontier(settings) == [0, 2, 1, 3]
    assert frontier(Single(("a", "b"), means[:, [1, 0]], held[:, [0, 1]])) == [1]


def test_the_ratio_is_to_the_setting_of_the_same_agreement() -> None:
    settings = Single(("small", "large"), np.array([[100.0, 300]] * 40), np.array([[False, True]] * 40))
    found = ratio(np.full(40, 150.0), np.full(40, True), settings, np.full(40, 900.0))
    assert (found.value, found.low, found.high, found.setting) == (0.5, 0.5, 0.5, "large")
    found = ratio(np.full(40, 150.0), np.full(40, False), settings, np.full(40, 900.0))
    assert (found.value, found.setting) == (1.5, "small")


def test_where_no_setting_agrees_as_often_the_originals_are_the_measure() -> None:
    settings = Single(("small",), np.full((10, 1), 100.0), np.zeros((10, 1), bool))
    found = ratio(np.full(10, 90.0), np.full(10, True), settings, np.full(10, 900.0))
    assert (found.value, found.setting) == (pytest.approx(0.1), None)


def test_the_interval_holds_the_ratio_and_repeats() -> None:
    random = np.random.default_rng(5)
    sizes = random.uniform(50, 150, (60, 4)) * [1, 2, 3, 4]
    settings = Single(tuple("abcd"), sizes, random.random((60, 4)) < [0.5, 0.7, 0.9, 0.97])
    ours, held, originals = random.uniform(50, 250, 60), random.random(60) < 0.85, np.full(60, 9000.0)
    found = ratio(ours, held, settings, originals)
    assert found.low < found.value < found.high
    assert found == ratio(ours, held, settings, originals)


def test_a_judge_that_took_part_is_not_asked() -> None:
    ours = row("ours", [10, 10], [[True, False], [True, True]], took_part=["second"])
    assert agreed(ours, ["first", "second"]).all()
    assert agreed(ours, ["first", "second"], without=["first"]).all()
    both = row("ours", [10, 10], [[True, False], [True, True]])
    assert agreed(both, ["first", "second"]).tolist() == [False, True]
    assert single([both], ["first", "second"], ours.took_part).held.all()


def test_a_copy_of_a_photograph_counts_once_and_a_list_keeps_its_order(folder: Path) -> None:
    listed = photos.listed(folder, 7)
    assert listed == photos.listed(folder, 7) != photos.listed(folder, 8)
    assert len(list(photos.distinct(listed))) == 4
    (folder / "list.txt").write_text("# for the report\n2.jpg\n0.jpg\n")
    assert [path.name for path in photos.listed(folder / "list.txt", 7)] == ["2.jpg", "0.jpg"]
    assert list(photos.distinct(listed, (12, 24))) == []


def test_any_choice_becomes_a_row(folder: Path, store: Store) -> None:
    panel = Panel([judge("easy"), judge("hard", 120), judge("unsure", share=0.4)][:2], store)
    found = list(panel.stable(photos.distinct(photos.listed(folder, 7))))
    assert [one.before for one in found] == [(1, 1)] * 4
    small = encoded(photo(80, 60), quality=50)
    ours = evaluate(found, panel, lambda one: Choice(None if one is found[0] else small, {"passes": 3}), "ours")
    assert ours.sizes.tolist() == [found[0].bytes, *[len(small)] * 3]
    assert ours.held.tolist() == [[True, True], *[[True, False]] * 3]
    assert (ours.kept.sum(), ours.notes) == (1, {"passes": 3})
    assert not list(Panel([judge("unsure", share=0.4)], store).stable(found))


def test_nothing_is_asked_or_made_twice(folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = judge("easy")
    for _ in range(2):
        found = list(Panel([asked], store).stable(photos.distinct(photos.listed(folder, 7))))
        rows = methods.grid(found, Panel([asked], store), SETTINGS)
        monkeypatch.setattr(photos.Photo, "image", None)
    assert asked.ask.shown == 4 * (3 + len(SETTINGS))  # type: ignore[attr-defined]
    assert [one.held.mean() for one in rows] == [0, 1, 1]
    assert [one.name for one in rows] == ["48 px WebP q40", "96 px WebP q70", "128 px AVIF q50"]


def test_a_setting_larger_than_the_photograph_keeps_its_size(folder: Path, store: Store) -> None:
    one = photos.Photo(folder / "1.jpg")
    wide, wider = (grid.Setting("webp", side, 40) for side in (384, 512))
    made = grid.candidates(one, store, [wide, wider])
    assert made[wide] == made[wider]
    assert photos.opened(made[wide][0]).size == (160, 120)


def test_ssim_is_one_for_the_same_and_less_the_more_is_lost() -> None:
    plane = photo(128, 96).convert("L")
    blurred = [ssim.ssim(plane, plane.filter(ImageFilter.GaussianBlur(radius))) for radius in (1, 2, 4)]
    assert ssim.ssim(plane, plane) == pytest.approx(1)
    assert 1 > blurred[0] > blurred[1] > blurred[2] > 0


def test_an_ssim_target_takes_the_smallest_that_reaches_it(folder: Path, store: Store) -> None:
    one = photos.Photo(folder / "2.jpg")
    sizes = [len(ssim.smallest(one, store, least).content or b"") for least in (0.7, 0.9, 0.97)]
    assert 0 < sizes[0] <= sizes[1] < sizes[2] < one.bytes
    assert ssim.smallest(one, store, 1.1).content is None


def test_default_qualities_are_made_by_pillow(folder: Path, store: Store) -> None:
    panel = Panel([judge("easy")], store)
    found = list(panel.stable(photos.distinct(photos.listed(folder, 7))))
    rows = list(methods.fixed(found, panel))
    assert [one.name for one in rows] == list(grid.DEFAULTS)
    assert all(one.held.all() and one.sizes.mean() > 0 for one in rows)


def test_rules_go_through_the_command(folder: Path, store: Store, tree: Tree) -> None:
    panel = Panel([judge("easy", 1)], store)
    found = list(panel.stable(photos.distinct(photos.listed(folder, 7))))[:1]
    (folder / "net.onnx").write_bytes(b"weights")
    named = {"net": f"{{kind: onnx, path: {folder}/net.onnx}}"}
    rule = built.Rule("both", "evaluator: [embedded, net], keep: {similarity: 0.8}", named)
    assert rule.judges == ("embedded", "net")
    assert list(rule.files) == ["net"]
    assert config.parse(rule.text, tree.root / "semopt.yaml").rules[0].settings.strategy == "semantic"
    plain, refused = built.Rule("semopt", "evaluator: embedded"), built.Rule("refused", "evaluator: nobody")
    (made,) = methods.rules(found, panel, [plain, refused], 1)
    assert (made.name, made.notes["slow"]) == ("semopt", 0)
    assert made.notes["passes"] > 1
    assert made.sizes[0] < found[0].bytes


def test_a_judge_of_the_search_is_known_by_its_file(store: Store) -> None:
    panel = Panel([judge("easy"), judge("hard")], store)
    assert methods.taking_part({"net": "file of hard"}, panel) == {"hard"}


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """A network that sees which of three channels is brightest, and what stands in the file beside it."""
    onnx = pytest.importorskip("onnx")
    value, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    mean = node("ReduceMean", ["image"], ["scores"], axes=[2, 3], keepdims=0)
    shapes = [value("image", 1, ["n", 3, 16, 16])], [value("scores", 1, ["n", 3])]
    graph = onnx.helper.make_graph([mean], "colours", *shapes)
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "colours.onnx")
    (tmp_path / "colours.json").write_text('{"kin": "none", "mean": [0, 0, 0], "std": [0.01, 0.01, 0.01]}')
    return tmp_path / "colours.onnx"


def test_an_onnx_file_is_a_judge(colours: Path) -> None:
    pytest.importorskip("onnxruntime")
    asked = judges.load(f"{colours}?name=which%20colour&size=16")
    assert (asked.name, asked.kin) == ("which colour", "none")
    pictures = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")] * 7
    assert [top for top, _ in asked.ask(pictures)] == [0, 1, 2] * 7
    assert min(share for _, share in asked.ask(pictures)) > 0.99
    assert [judges.classifier(colours)(pictures[2])[0]] == [2]
    turned = judges.load(f"{colours}?channels=bgr")
    assert turned.ask(pictures[:1])[0][0] == 2
    assert turned.key != asked.key
    assert turned.file == asked.file


def test_what_is_no_judge_is_refused(colours: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'colour' is none of"):
        judges.load(f"{colours}?colour=1")
    (tmp_path / "judge.txt").write_text("")
    with pytest.raises(ValueError, match=r"expected FILE\.tflite"):
        judges.load(str(tmp_path / "judge.txt"))


def test_the_table_has_a_cell_for_every_column(folder: Path, store: Store) -> None:
    panel = Panel([judge("easy"), judge("hard", 120)], store)
    found = list(panel.stable(photos.distinct(photos.listed(folder, 7))))
    rows = methods.grid(found, panel, SETTINGS)
    small = encoded(photo(100, 80), quality=30)
    notes = {"passes": 4, "slow": 2, "encodes": 3, "seconds": 0.25}
    ours = evaluate(found[:2], panel, lambda one: Choice(small, notes), "ours", ["hard"])
    lines = [report.line(rows[1], "single", rows, found, panel.names, 7)]
    lines.append(report.line(ours, "semopt", rows, found, panel.names, 7))
    table = report.table(lines, panel.names).splitlines()
    assert len({line.count("|") for line in table}) == 1
    cells = [cell.strip() for cell in table[-1].split("|")[1:-1]]
    assert cells[:7] == ["ours", "2", f"{len(small):,}", f"{len(small):,}", "100% (34 to 100)", "100%", "took part"]
    assert "96 px WebP q70" in cells[7]
    assert cells[8:] == ["2.0, and 2.0 of embedded", "3.0", "0.25", "0"]
    assert [row.name for row in report.steps(rows, panel.names)] == ["128 px AVIF q50"]


def test_a_section_of_the_page_is_replaced_and_the_rest_left(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "page.md"
    report.between(page, "photographs", "first")
    page.write_text(page.read_text() + "\n## What did not work\n")
    report.between(page, "large", "third")
    report.between(page, "photographs", "second")
    text = page.read_text()
    assert "first" not in text
    assert text.index("second") < text.index("What did not work") < text.index("third")
    page.write_text("<!-- photographs: begin -->")
    with pytest.raises(ValueError, match="has no"):
        report.between(page, "photographs", "fourth")


def test_the_plot_is_well_formed_and_no_label_covers_another() -> None:
    places = [(1200, 0.4), (4500, 0.88), (4600, 0.89), (4700, 0.9), (24_000, 1.0), (25_000, 1.0), (28_000, 1.0)]
    groups = ["post", "semopt", "semopt", "semopt", "fixed", "fixed", "fixed"]
    marks = [
        plot.Mark(f"way <{at}> & more", group, x, y, y - 0.05, min(1.0, y + 0.05))
        for at, ((x, y), group) in enumerate(zip(places, groups, strict=True))
    ]
    curve = plot.Curve("single settings", "single", ((600, 0.2), (2000, 0.6), (9000, 1.0)), steps=True)
    root = ElementTree.fromstring(plot.svg("Bytes & agreement", marks, [curve], [(3000, 0.5), (10, 0.01)]))
    labels = [text for text in root.iter("{http://www.w3.org/2000/svg}text") if "label" in text.get("class", "")]
    assert {text.text for text in labels} == {*(mark.label for mark in marks), "single settings"}
    boxes = [
        plot.Box(float(t.get("x", 0)), float(t.get("y", 0)) - 12, len(t.text or "") * plot.LETTER, 14) for t in labels
    ]
    assert not [(a, b) for at, a in enumerate(boxes) for b in boxes[:at] if a.overlap(b) > 0]
    assert all(box.left > 0 and box.left + box.width < plot.WIDTH and 0 < box.top < plot.HEIGHT for box in boxes)


def test_the_command_writes_the_page_and_the_plot(colours: Path, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (folder / "flat.png").write_bytes(encoded(drawing(), "PNG"))
    command = [sys.executable, "-m", "tests.bench.frontier", "--photos", str(folder), "--judge", str(colours)]
    command += ["--count", "2", "--methods", "fixed", "ssim", "--cache", str(tmp_path / "cache")]
    ran = subprocess.run([*command, "--out", str(tmp_path / "page")], cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    text = (tmp_path / "page.md").read_text()
    assert re.search(r"^2 stable photographs of [2-5] looked at", text, re.MULTILINE)
    assert "| colours | none |" in text
    assert "(page.svg)" in text
    ElementTree.parse(tmp_path / "page.svg")
    again = subprocess.run([*command, "--split", "0:0"], cwd=REPOSITORY, capture_output=True, text=True)
    assert "none of 0 photographs is stable" in again.stderr
