"""Judges and encoders of other packages, through the real command; the packages are installed on the test's path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY, Tree, encoded, photo

KIND = """
from semopt.evaluators import Key, Kind

brightness = Kind("semopt_bright.judge", {"power": Key(choices=("1", "2"))}, labels=False)
"""
JUDGE = """
from semopt.types import Score

class Brightness:
    labels = False
    def __init__(self, name, power):
        self.name, self.power = name, power
    def observe(self, images):
        return [image.convert("L").resize((4, 4)).tobytes() for image in images]
    def compare(self, reference, observed):
        furthest = max(abs(one - other) for one, other in zip(reference, observed))
        return Score((1 - furthest / 255) ** self.power)

def fingerprint(spec):
    return "brightness-1-" + (spec.option("power") or "1")

def load(spec, progress):
    return Brightness(spec.name, int(spec.option("power") or 1))
"""
ENCODER = """
class Tiff:
    name, suffix, media_type, support = "tiff", ".tif", "image/tiff", 3
    worst, best, ladder, lossless, alpha, max_side, max_pixels = 1, 95, (10, 20, 35, 50, 70, 85), False, False, 60000, 2**28
    def encode(self, image, quality, metadata):
        import io
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "TIFF", compression="jpeg", quality=quality)
        return buffer.getvalue()
    def fingerprint(self):
        return "tiff-1"
"""  # noqa: E501
RULE = "version: 1\nrules:\n- {match: '**', strategy: semantic, "
SITE = RULE.replace("rules:", "evaluators:\n  bright: {kind: brightness}\nrules:")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install a package: its entry points by group, and its files."""

    def put(name: str, points: str, **files: str) -> None:
        folder = tmp_path / "packages" / name
        information = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(points)
        for module, text in files.items():
            file = folder / f"{module.replace('__', '/')}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        paths.append(str(folder))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*paths, str(REPOSITORY)]))

    paths: list[str] = []
    return put


@pytest.fixture
def bright(install: Any) -> None:
    install(
        "semopt-bright",
        "[semopt.evaluators]\nbrightness = semopt_bright.kind:brightness\n",
        semopt_bright__kind=KIND,
        semopt_bright__judge=JUDGE,
    )


@pytest.fixture
def site(tree: Tree) -> Tree:
    tree.put("a.jpg", encoded(photo(400, 300)))
    return tree


def said(ran: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a failure."""
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1), ran.stderr
    return ran.stderr.strip()


def test_a_judge_of_another_package_judges(site: Tree, bright: None) -> None:
    site.put("semopt.yaml", SITE + "evaluator: bright}\n")
    (found,) = site.build()
    assert found["status"] == "optimized"
    assert set(site.manifest["a.jpg"]["variants"][0]["scores"]) == {"bright"}
    assert [again["status"] for again in site.build()] == ["cached"]


def test_its_keys_are_checked_as_it_says(site: Tree, bright: None) -> None:
    site.put("semopt.yaml", SITE.replace("brightness", "brightness, power: 3") + "evaluator: bright}\n")
    sentence = "semopt.yaml:3: evaluators.bright.power: '3' is not a value of 'power'; choose from 1, 2"
    assert said(site.semopt("build")) == sentence
    site.put("semopt.yaml", SITE + "evaluator: bright, keep: {label: same}}\n")
    assert "needs a judge with classes" in said(site.semopt("build"))
    site.put("semopt.yaml", SITE.replace("brightness", "brightnes") + "evaluator: bright}\n")
    assert "'brightnes' is not a kind of evaluator; did you mean 'brightness'?" in said(site.semopt("build"))


def test_an_encoder_of_another_package_encodes(site: Tree, install: Any) -> None:
    install("semopt-tiff", "[semopt.encoders]\ntiff = semopt_tiff:Tiff\n", semopt_tiff=ENCODER)
    site.put("semopt.yaml", RULE + "formats: [tiff]}\n")
    (found,) = site.build()
    assert found["status"] == "optimized", found
    (variant,) = site.manifest["a.jpg"]["variants"]
    assert (variant["path"], variant["format"]) == ("a.jpg.semopt.tif", "tiff")
    assert [again["status"] for again in site.build()] == ["cached"]


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import a_module_that_is_not_there", "cannot be loaded (ModuleNotFoundError: No module named 'a_module_that"),
        ("brightness = 3", "lacks fingerprint, keys, labels, load; mend or uninstall that package"),
        ("brightness = 3 / 0", "cannot be loaded (ZeroDivisionError: division by zero); mend or uninstall that"),
        ("", "cannot be loaded (AttributeError: module 'semopt_bright.kind' has no attribute 'brightness')"),
    ],
)
def test_a_broken_plugin_is_one_sentence_that_names_the_package(
    site: Tree, install: Any, module: str, reason: str
) -> None:
    points = "[semopt.evaluators]\nbrightness = semopt_bright.kind:brightness\n"
    install("semopt-bright", points, semopt_bright__kind=module)
    site.put("semopt.yaml", SITE + "evaluator: bright}\n")
    sentence = said(site.semopt("build"))
    assert sentence.startswith(
        "semopt.yaml:3: evaluators.bright.kind: 'brightness' of semopt.evaluators, from the package semopt-bright, "
    )
    assert reason in sentence


def test_a_name_that_two_packages_offer_is_a_sentence(site: Tree, bright: None, install: Any) -> None:
    install("another", "[semopt.evaluators]\nbrightness = another:kind\n")
    site.put("semopt.yaml", SITE + "evaluator: bright}\n")
    assert "is offered by another and semopt-bright; uninstall all but one" in said(site.semopt("build"))


def test_built_in_names_cannot_be_replaced_and_ask_no_plugin(site: Tree, install: Any) -> None:
    install("rogue", "[semopt.evaluators]\nembedded = rogue:x\n[semopt.encoders]\nwebp = rogue:x\n", rogue="1 / 0")
    site.put("semopt.yaml", RULE + "formats: [webp]}\n")
    assert [found["status"] for found in site.build()] == ["optimized"]


def test_plugins_are_listed_unloaded_and_not_looked_for_without_need(site: Tree, install: Any) -> None:
    points = "[semopt.evaluators]\nbrightness = rogue:x\nembedded = rogue:x\n"
    install("rogue", points, rogue="1 / 0")
    code = "from semopt.evaluators import KINDS; print(*KINDS.names())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.split() == ["embedded", "torchvision", "onnx", "text", "python", "brightness"], ran.stderr
    watch = (
        "import importlib.metadata as m; m.entry_points = lambda **_: 1 / 0\n"
        "import sys; from semopt.cli import main; sys.exit(main(['build', '-q']))"
    )
    ran = subprocess.run([sys.executable, "-c", watch], cwd=site.root, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
