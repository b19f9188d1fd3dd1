"""`semopt dataset`: a dataset of class folders becomes a smaller one that ImageFolder reads and that says the same."""

from __future__ import annotations

import doctest
import io
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import semopt
from conftest import Tree, drawing, encoded, photo
from semopt.imagefolder import places, report, tree
from semopt.types import ConfigError, Rule, Settings

TINY = encoded(photo(20, 20, 3), "WEBP", quality=1)
TRUNCATED = encoded(photo(200, 150, 7))[:3000]

JUDGE = """
import numpy as np
from semopt.types import Score

NAMES = ["black", "dark", "grey", "light", "white", "glaring"]

def look(image):
    mean = float(np.asarray(image.convert("L"), dtype=float).mean())
    return NAMES[int(mean // STEP) % len(NAMES)], mean

class Brightness:
    name, labels = "brightness", True

    def observe(self, images):
        return [look(image) for image in images]

    def compare(self, before, after):
        return Score(1 - min(1, abs(before[1] - after[1]) / 40), label_before=before[0], label=after[0],
                     rank=0 if before[0] == after[0] else 1, sure=SURE)

def make():
    return Brightness()
"""


def run(tree: Tree, *arguments: str, code: int | None = 0, source: str = "raw", target: str = "small") -> str:
    ran = tree.semopt("dataset", source, target, "--jobs", "1", *arguments)
    assert "Traceback" not in ran.stderr, ran.stderr
    assert code in (None, ran.returncode), ran.stderr
    return ran.stdout + ran.stderr


def files(folder: Path) -> dict[str, bytes]:
    found = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def stamps(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*")}


def told(tree: Tree, target: str = "small") -> dict[str, Any]:
    return json.loads((tree.root / target / "semopt-report.json").read_text())  # type: ignore[no-any-return]


def samples_of(tree: Tree, target: str = "small") -> set[str]:
    return {path for path in files(tree.root / target) if not path.startswith("semopt-report.")}


def image_folder(folder: Path) -> Any:
    pytest.importorskip("torch")
    from semopt.evaluators.operators import import_torchvision

    import_torchvision()
    from torchvision.datasets import ImageFolder

    return ImageFolder(str(folder))


def brightness(tree: Tree, step: float, sure: float) -> None:
    tree.put("judges/mine.py", JUDGE.replace("STEP", str(step)).replace("SURE", str(sure)))
    tree.put(
        "judges/semopt.yaml",
        "version: 1\nevaluators: {brightness: {kind: python, object: 'mine:make', labels: true}}\n",
    )


def test_image_folder_reads_it_as_it_reads_the_source(tree: Tree) -> None:
    for split, count in (("train", 2), ("val", 1)):
        for number, name in enumerate(("cat", "dog")):
            for each in range(count):
                tree.put(f"raw/{split}/{name}/{each}.jpg", encoded(photo(160, 120, 10 * number + each)))
    tree.put("raw/train/dog/puppies/young/1.png", encoded(drawing(), "PNG", compress_level=1))
    tree.put("raw/train/cat/tiny.webp", TINY)
    tree.put("raw/val/cat/scan.pgm", encoded(photo(60, 40).convert("L"), "PPM"))
    before = files(tree.root / "raw")
    out = run(tree)
    assert files(tree.root / "raw") == before
    for split in ("train", "val"):
        old, new = image_folder(tree.root / "raw" / split), image_folder(tree.root / "small" / split)
        assert old.class_to_idx == new.class_to_idx
        assert [(Path(path).with_suffix("").name, target) for path, target in old.samples] == [
            (Path(path).with_suffix("").name, target) for path, target in new.samples
        ]
        assert [new[index][0].mode for index in range(len(new))] == ["RGB"] * len(new)
    assert set(told(tree)["classes"]) == {"train/cat", "train/dog", "val/cat", "val/dog"}
    assert (tree.root / "small/val/cat/scan.pgm").read_bytes() == before["val/cat/scan.pgm"]
    assert (tree.root / "small/train/cat/tiny.webp").read_bytes() == TINY
    assert "9 samples in 4 classes" in out


def test_the_root_may_be_the_folder_of_classes(tree: Tree) -> None:
    """So no folder of semopt's own may lie in it: ImageFolder would take it for a class."""
    tree.put("raw/cat/1.jpg", encoded(photo(160, 120, 1)))
    tree.put("raw/test/1.jpg", encoded(photo(160, 120, 2)))
    run(tree)
    assert image_folder(tree.root / "small").classes == ["cat", "test"]
    assert set(told(tree)["classes"]) == {"cat", "test"}


def test_names_that_differ_in_the_suffix_only(tree: Tree) -> None:
    tree.put("raw/cat/a.jpg", encoded(photo(120, 90, 1)))
    tree.put("raw/cat/a.png", encoded(photo(120, 90, 2), "PNG"))
    tree.put("raw/cat/a.webp", TINY)
    tree.put("raw/cat/b.jpg", encoded(photo(120, 90, 4)))
    tree.put("raw/dog/a.jpg", encoded(photo(120, 90, 5)))
    assert "3 samples have the name of others but for the suffix, such as cat/a.jpg" in run(tree)
    assert samples_of(tree) == {"cat/a.jpg.webp", "cat/a.png.webp", "cat/a.webp", "cat/b.webp", "dog/a.webp"}
    assert told(tree)["renamed"] == ["cat/a.jpg", "cat/a.png", "cat/a.webp"]


def test_names_may_be_kept(tree: Tree) -> None:
    tree.put("raw/cat/a.jpg", encoded(photo(120, 90, 1)))
    tree.put("raw/cat/a.PNG", encoded(photo(120, 90, 2), "PNG"))
    run(tree, "--keep-names", "--formats", "webp")
    assert samples_of(tree) == {"cat/a.jpg", "cat/a.PNG"}
    assert {Image.open(tree.root / "small" / path).format for path in samples_of(tree)} == {"WEBP"}
    assert len(image_folder(tree.root / "small")) == 2


@given(st.lists(st.from_regex(r"\A[abB](\.(jpg|png|webp|JPG)){1,3}\Z"), unique=True, max_size=12), st.booleans())
def test_no_two_files_can_have_one_name(names: list[str], keep_names: bool) -> None:
    found = places.places("", names, keep_names)
    claims = [name for place in found.values() for name in places._claims(place)]
    assert len(claims) == len(set(claims))
    assert found == places.places("", names[::-1], keep_names)


def test_what_cannot_be_read_is_named_and_left_out(tree: Tree) -> None:
    tree.put("raw/cat/good.jpg", encoded(photo(120, 90, 1)))
    tree.put("raw/cat/broken.jpg", TRUNCATED)
    tree.put("raw/dog/page.jpg", "<html>no picture</html>")
    tree.put("raw/dog/labels.csv", "a,b\n")
    tree.put("raw/dog/moving.gif", encoded(photo(20, 20), "GIF"))
    tree.put("raw/.cache/x.jpg", encoded(photo(20, 20)))
    out = run(tree, code=1)
    assert "cat/broken.jpg: left out: truncated" in out
    assert "dog/page.jpg: left out: the file is an HTML page, not an image" in out
    assert samples_of(tree) == {"cat/good.webp"}
    assert (tree.root / "small/dog").is_dir()  # else cat and what follows it would get other numbers
    value = told(tree)
    assert set(value["failed"]) == {"cat/broken.jpg", "dog/page.jpg"}
    assert value["not_copied"] == ["dog/labels.csv", "dog/moving.gif"]
    assert value["hidden"] == [".cache"]
    assert value["total"]["samples"] == 3
    tree.put("raw/cat/broken.jpg", encoded(photo(120, 90, 2)))
    tree.put("raw/dog/page.jpg", encoded(photo(120, 90, 3)))
    assert "3 samples in 2 classes, 2 of them new or changed" in run(tree)


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_are_followed_but_not_in_circles(tree: Tree) -> None:
    pool = tree.put("pool/one.jpg", encoded(photo(120, 90, 1)))
    (tree.root / "raw/cat").mkdir(parents=True)
    (tree.root / "raw/cat/one.jpg").symlink_to(pool)
    (tree.root / "raw/dog").symlink_to(tree.root / "pool")
    (tree.root / "raw/cat/round").symlink_to(tree.root / "raw/cat")
    (tree.root / "raw/cat/nowhere.jpg").symlink_to(tree.root / "gone.jpg")
    assert "cat/nowhere.jpg: left out: cannot be read: No such file" in run(tree, code=1)
    assert samples_of(tree) == {"cat/one.webp", "dog/one.webp"}
    assert not any(file.is_symlink() for file in (tree.root / "small").rglob("*"))


def test_a_second_run_does_nothing(tree: Tree) -> None:
    tree.put("raw/cat/1.jpg", encoded(photo(160, 120, 1)))
    tree.put("raw/cat/2.png", encoded(drawing(), "PNG", compress_level=1))
    tree.put("raw/dog/tiny.webp", TINY)
    run(tree)
    before = stamps(tree.root / "small")
    lines = [json.loads(line) for line in run(tree, "--json").splitlines()]
    assert [(line["type"], line.get("fresh")) for line in lines] == [("sample", False)] * 3 + [("summary", None)]
    assert stamps(tree.root / "small") == before
    assert run(tree, "--dry-run").strip() == "3 up to date"


def test_a_dry_run_writes_nothing(tree: Tree) -> None:
    tree.put("raw/cat/1.jpg", encoded(photo(160, 120, 1)))
    assert run(tree, "--dry-run").strip() == "1 to be searched"
    assert [path.name for path in tree.root.iterdir()] == ["raw"]


def test_a_killed_run_goes_on(tree: Tree) -> None:
    for each in range(8):
        tree.put(f"raw/{'cat' if each % 2 else 'dog'}/{each}.jpg", encoded(photo(160, 120, each)))
    command = [sys.executable, "-m", "semopt", "dataset", "raw", "small", "--jobs", "1", "--json"]
    ran = subprocess.Popen(command, cwd=tree.root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert ran.stdout is not None
    seen = [json.loads(ran.stdout.readline()) for _ in range(3)]
    ran.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    ran.wait()
    ran.stdout.close()
    for file in (tree.root / "small").rglob("*.webp"):
        Image.open(file).load()
    lines = [json.loads(line) for line in run(tree, "--json").splitlines()]
    again = {line["path"] for line in lines if line["type"] == "sample" and not line["fresh"]}
    assert {line["path"] for line in seen} <= again
    run(tree, target="other")
    assert files(tree.root / "small") == files(tree.root / "other")


def test_what_is_gone_goes_and_what_is_foreign_stays(tree: Tree) -> None:
    gone = tree.put("raw/dog/1.jpg", encoded(photo(120, 90, 1)))
    tree.put("raw/cat/1.jpg", encoded(photo(120, 90, 2)))
    tree.put("raw/cat/2.jpg", encoded(photo(120, 90, 3)))
    tree.put("small/cat/2.webp", "mine")
    assert "cat/2.jpg: left out: cat/2.webp is in the way and was not written by semopt" in run(tree, code=1)
    gone.unlink()
    gone.parent.rmdir()
    run(tree, code=1)
    assert samples_of(tree) == {"cat/1.webp", "cat/2.webp"}
    assert not (tree.root / "small/dog").exists()
    assert (tree.root / "small/cat/2.webp").read_bytes() == b"mine"
    tree.put("small/semopt-report.md", "my notes")
    assert "is no report of semopt's" in run(tree, code=1)
    assert (tree.root / "small/semopt-report.md").read_text() == "my notes"


def test_an_empty_source_empties_nothing(tree: Tree) -> None:
    file = tree.put("raw/cat/1.jpg", encoded(photo(120, 90, 1)))
    run(tree)
    file.unlink()
    assert "raw: holds no samples" in run(tree, code=2)
    assert samples_of(tree) == {"cat/1.webp"}


def test_the_report_can_be_recomputed(tree: Tree) -> None:
    """By a judge whose answers are simple, on the files as Pillow opens them."""
    brightness(tree, step=60, sure=0.9)
    for each in range(6):
        tree.put(f"raw/{'cat' if each % 2 else 'dog'}/{each}.jpg", encoded(photo(160, 120, each)))
    tree.put("raw/dog/broken.jpg", TRUNCATED)
    run(tree, "--config", "judges/semopt.yaml", "--evaluator", "brightness", "--label", "any", code=1)
    value = told(tree)
    here: dict[str, Any] = {}
    exec((tree.root / "judges/mine.py").read_text(), here)
    judge = here["make"]()
    for name in ("cat", "dog"):
        old = sorted(file for file in (tree.root / "raw" / name).glob("[0-9].jpg"))
        new = [tree.root / "small" / name / f"{file.stem}.webp" for file in old]
        pairs = [judge.observe([Image.open(one), Image.open(two)]) for one, two in zip(old, new, strict=True)]
        scores = [judge.compare(*pair) for pair in pairs]
        row = value["classes"][name]
        assert (row["bytes"], row["bytes_after"]) == (size(old), size(new))
        assert row["agree"] == sum(score.rank == 0 for score in scores)
        assert row["mean_similarity"] == pytest.approx(np.mean([score.similarity for score in scores]), abs=1e-4)
        assert (row["samples"], row["judged"], row["failed"]) == (3 + (name == "dog"), 3, name == "dog")
    total = value["total"]
    assert total["agreement"] == pytest.approx(total["agree"] / 6, abs=1e-4)
    assert total["interval"] == pytest.approx(wilson(total["agree"], 6), abs=1e-3)
    margins = [row["margin"] for row in value["fragile"]["nearest"]]
    assert margins == sorted(margins)
    assert value["agreement_by"] == "label"


def size(paths: list[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def wilson(hits: int, of: int) -> list[float]:
    """The two shares from which `hits` is 1.96 standard deviations away, found by trying."""
    inside = [
        share
        for share in np.linspace(0, 1, 20001)
        if abs(hits / of - share) <= 1.959964 * math.sqrt(share * (1 - share) / of)
    ]
    return [min(inside), max(inside)]


@pytest.mark.parametrize(("hits", "of"), [(0, 5), (5, 5), (3, 7), (94, 100)])
def test_the_interval(hits: int, of: int) -> None:
    assert report.wilson(hits, of) == pytest.approx(wilson(hits, of), abs=1e-4)
    assert report.wilson(0, 0) == (0, 1)


def test_what_the_judge_cannot_decide_about_keeps_its_answer_all_the_same(tree: Tree) -> None:
    """It is kept close to the eye; where the answer changes even so, it is copied."""
    brightness(tree, step=0.05, sure=0.2)
    for each in range(8):
        tree.put(f"raw/cat/{each}.png", encoded(photo(160, 120, each), "PNG"))
    judge = ("--config", "judges/semopt.yaml", "--evaluator", "brightness")
    run(tree, *judge)
    value = told(tree)
    assert value["total"]["agree"] == value["total"]["judged"] == 8
    copied = {row["path"]: row["reason"] for row in value["fragile"]["copied"]}
    assert copied
    assert all("brightness is not sure what it sees" in reason for reason in copied.values())
    assert all("is seen for" in reason for reason in copied.values())
    assert len(value["fragile"]["undecided"]) == 8 - len(copied)
    run(tree, *judge, "--label", "any", target="any")
    assert told(tree, "any")["total"]["agree"] == 8 - len(copied)
    assert len(told(tree, "any")["fragile"]["answers_changed"]) == len(copied)


def test_a_network_of_torchvision(tree: Tree) -> None:
    torch = pytest.importorskip("torch")
    from semopt.evaluators.operators import import_torchvision

    torch.manual_seed(1)
    net = import_torchvision().models.squeezenet1_1()
    weights = net.state_dict()
    weights["classifier.1.bias"][7] += 10  # sure of one class, or it would not be asked about variants
    torch.save(weights, tree.root / "net.pth")
    tree.put("raw/cat/1.jpg", encoded(photo(160, 120, 1)))
    tree.put("raw/dog/2.jpg", encoded(photo(160, 120, 2)))
    run(tree, "--evaluator", "squeezenet1_1", "--weights", "net.pth", "--label", "same", "--confirm", "embedded")
    value = told(tree)
    assert (value["evaluator"], value["total"]["agree"], value["total"]["judged"]) == ("squeezenet1_1", 2, 2)
    from torchvision import transforms

    steps = [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()]
    prepared = transforms.Compose([*steps, transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    net.load_state_dict(weights)
    net.eval()
    old, new = image_folder(tree.root / "raw"), image_folder(tree.root / "small")
    with torch.inference_mode():
        tops = [[int(net(prepared(image)[None]).argmax()) for image, _ in one] for one in (old, new)]
    assert tops[0] == tops[1]


def test_from_python(tree: Tree) -> None:
    for each in range(4):
        tree.put(f"raw/train/cat/{each}.jpg", encoded(photo(120, 90, each)))
    stream = semopt.dataset(tree.root / "raw", tree.root / "small", jobs=1)
    first = next(stream)
    assert (first.path, first.target, first.split, first.class_name) == (
        "train/cat/0.jpg", "train/cat/0.webp", "train", "cat"
    )  # fmt: skip
    assert (first.status, first.agrees, first.fresh, [name for name, _ in first.scores]) == (
        "optimized", True, True, ["embedded"]
    )  # fmt: skip
    assert first.bytes_after == (tree.root / "small/train/cat/0.webp").stat().st_size < (first.bytes or 0)
    stream.close()  # type: ignore[attr-defined]
    assert not (tree.root / "small/semopt-report.json").exists()
    again = list(semopt.dataset(str(tree.root / "raw"), str(tree.root / "small"), jobs=1))
    assert [one.fresh for one in again][:1] == [False]
    assert told(tree)["total"]["bytes_after"] == sum(one.bytes_after or 0 for one in again)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "raw/small"}, "lies in"),
        ({"source": "nowhere"}, "nowhere: no such folder"),
        ({"state": "raw/books"}, "the books cannot lie in"),
        ({"label": "same"}, "'embedded' knows no classes"),
        ({"evaluator": "mobilnet_v2"}, "did you mean 'mobilenet_v2'"),
        ({"formats": ["png"]}, "'png' is not a format for this"),
        ({"similarity": 2}, "expected a number from 0 to 1"),
        ({"evaluator": "embedded", "weights": "net.pth"}, "'embedded' has its own"),
        ({"evaluator": "resnet18", "confirm": ["resnet18"]}, "takes part in the search already"),
        ({"max_side": 0}, "expected a whole number of px"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(tree: Tree, options: Mapping[str, Any], said: str) -> None:
    tree.put("raw/cat/1.jpg", encoded(photo(60, 40)))
    named = {"source": "raw", "target": "small", **options}
    folders = {key: tree.root / named.pop(key) for key in ("source", "target", "state") if key in named}
    with pytest.raises(ConfigError, match=said):
        semopt.dataset(**folders, **named)
    assert [path.name for path in tree.root.iterdir()] == ["raw"]


def test_splits_are_known_by_their_names_and_depth(tmp_path: Path) -> None:
    def classes(*paths: str) -> list[tuple[str, str]]:
        root = tmp_path / f"tree{len(list(tmp_path.iterdir()))}"
        for path in paths:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(TINY)
        found = tree.survey(root, tmp_path / "new", Rule("dataset", ("**",), Settings()))
        return [found.of(path) for path in sorted(paths)]

    assert classes("Train/cat/1.jpg", "val/dog/a/2.jpg") == [("Train", "cat"), ("val", "dog")]
    assert classes("train/steam/1.jpg", "car/a/2.jpg") == [("", "car"), ("", "train")]
    assert classes("train/1.jpg", "test/a/2.jpg") == [("", "test"), ("", "train")]
    assert classes("1.jpg") == [("", "")]


def test_the_page_shows_names_as_one_plain_line(tree: Tree) -> None:
    tree.put("raw/a|b/x\n<b>.jpg" if os.name != "nt" else "raw/ab/x.jpg", TINY)
    run(tree)
    text = (tree.root / "small/semopt-report.md").read_text()
    assert os.name == "nt" or "a\\|b/x\\n\\<b>.jpg" in text
    assert io.StringIO(text).readline() == "# semopt dataset\n"


@pytest.mark.parametrize("module", [places, report], ids=lambda module: module.__name__)
def test_the_examples_of_the_docstrings(module: object) -> None:
    ran = doctest.testmod(module)  # type: ignore[arg-type]
    assert (ran.attempted > 0, ran.failed) == (True, 0)
