"""Two complete examples of judges of one's own, from nothing to variants, through the real command.

A network that is trained here and exported to ONNX; and a Python object in a module beside the config.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Tree, encoded, photo

# --- a network: train, export, name it in semopt.yaml -----------------------------------------------------------------

NETWORK_SITE = """\
version: 1
evaluators:
  ours:
    kind: onnx
    path: models/ours.onnx
    labels: models/labels.txt       # one class a line, in the order of the outputs
    mean: [0.5, 0.5, 0.5]           # as in training; left out, those of ImageNet
    std: [0.5, 0.5, 0.5]
    resize: squash                  # or crop (default: 256/224, then the middle), cover
    features: features              # an output of the graph; without it the score is of the probabilities alone
rules:
- {match: "**", strategy: semantic, evaluator: ours, keep: {similarity: 0.9, label: same}, formats: [webp]}
"""


@pytest.fixture
def shapes(tree: Tree) -> Tree:
    """Three pictures, and a network that was trained to tell them apart."""
    for needed in ("torch", "onnx", "onnxruntime"):
        pytest.importorskip(needed)
    from onnx_networks import CLASSES, export, scene, trained

    network = trained()
    network.features = True
    tree.put("models/labels.txt", "\n".join(CLASSES) + "\n")
    export(network, tree.root / "models/ours.onnx")
    for label, name in enumerate(CLASSES):
        tree.put(f"{name}.jpg", encoded(scene(label, 1000, size=240)))
    tree.put("semopt.yaml", NETWORK_SITE)
    return tree


def test_a_network_of_ones_own_judges_a_build(shapes: Tree) -> None:
    found = {outcome["path"]: outcome["status"] for outcome in shapes.build()}
    assert found == {"chessboard.jpg": "optimized", "disc.jpg": "optimized", "stripes.jpg": "optimized"}
    for path, entry in shapes.manifest.items():
        (variant,) = entry["variants"]
        score = variant["scores"]["ours"]
        assert score["label"] == score["label_before"] == Path(path).stem
        assert score["similarity"] >= 0.9
        assert variant["bytes"] < entry["bytes"] / 3
    assert nothing_to_do(shapes) == "cached cached cached"
    shapes.put("models/labels.txt", "lines\ncircle\nboard\n")
    assert shapes.semopt("build", "--dry-run", "-v").stdout.count("would be searched") == 3
    shapes.put("models/labels.txt", "lines\ncircle\n")
    ran = shapes.semopt("build")
    assert (ran.returncode, ran.stderr) == (
        2,
        "evaluator 'ours': labels: 2 lines, but its network has 3 classes\n",
    )


def test_a_network_whose_labels_are_wordnet_ids_has_families(shapes: Tree) -> None:
    shapes.put("semopt.yaml", NETWORK_SITE.replace("label: same", "label: family"))
    shapes.put("models/labels.txt", "n02123159 tiger cat\nn02124075 Egyptian cat\nn02930766 cab\n")
    assert {outcome["status"] for outcome in shapes.build()} == {"optimized"}
    scores = [entry["variants"][0]["scores"]["ours"] for entry in shapes.manifest.values()]
    assert all(score["family"] == (0 if score["label"] == score["label_before"] else 1) for score in scores)
    shapes.put("models/labels.txt", "cat\ncat of another kind\ncab\n")
    ran = shapes.semopt("build")
    assert ran.returncode == 2
    assert ran.stderr.startswith("evaluator 'ours' has no families, which 'keep' asks for")


def nothing_to_do(tree: Tree) -> str:
    """The statuses of a build that imports nothing heavy."""
    code = (
        "import sys; from pathlib import Path; from semopt import config, pipeline\n"
        "print(*(found.status for found in pipeline.run(config.load(Path('semopt.yaml')), pipeline.Scope())))\n"
        "assert not {'onnxruntime', 'torch', 'numpy', 'ownjudges', 'ownjudges.sharp'} & {*sys.modules}"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tree.root, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


# --- an object: write two methods, name it in semopt.yaml -------------------------------------------------------------

SHARP = '''\
"""How much of a picture's sharpness is left, and whether it is still a bright or a dark one."""

import json
from pathlib import Path

from PIL import Image, ImageFilter, ImageStat

from semopt.types import Score


class Sharpness:
    name = "sharpness"
    labels = True

    def __init__(self, strict, classes):
        self.strict, self.classes = strict, classes

    def observe(self, images):
        """One observation for each RGB image of any size; it must not depend on the other images."""
        return [self.look(image.convert("L").resize((96, 96), Image.Resampling.BILINEAR)) for image in images]

    def look(self, grey):
        edges = ImageStat.Stat(grey.filter(ImageFilter.FIND_EDGES)).rms[0]
        return edges, int(ImageStat.Stat(grey).mean[0] >= 128)

    def compare(self, reference, observed):
        """1 for the original itself; 0.9 is what a rule asks for unless it says otherwise."""
        lost = abs(reference[0] - observed[0]) / max(reference[0], 1)
        return Score(
            similarity=1 / (1 + self.strict * lost),
            label_before=self.classes[reference[1]],
            label=self.classes[observed[1]],
            rank=int(reference[1] != observed[1]),
        )


def make(strict=1.0):
    """Called with what stands under `options:`."""
    return Sharpness(strict, json.loads((Path(__file__).parent / "classes.json").read_text()))
'''

OBJECT_SITE = """\
version: 1
assets: photos
evaluators:
  sharp:
    kind: python
    object: "ownjudges.sharp:make"      # on Python's path, or beside this file
    options: {strict: 0.5}
    files: [ownjudges/classes.json]     # what else its answers depend on
    labels: true                        # its scores name classes, so that rules may ask for them
rules:
- {match: "**", strategy: semantic, evaluator: [embedded, sharp], keep: {label: same}, formats: [webp]}
"""


@pytest.fixture
def photos(tree: Tree) -> Tree:
    tree.put("ownjudges/__init__.py", "")
    tree.put("ownjudges/sharp.py", SHARP)
    tree.put("ownjudges/classes.json", '["dark", "bright"]')
    tree.put("photos/a.jpg", encoded(photo(400, 300)))
    tree.put("semopt.yaml", OBJECT_SITE)
    return tree


def test_an_object_of_ones_own_judges_a_build(photos: Tree) -> None:
    (outcome,) = photos.build()
    assert outcome["status"] == "optimized", outcome
    (variant,) = photos.manifest["photos/a.jpg"]["variants"]
    assert set(variant["scores"]) == {"embedded", "sharp"}
    assert variant["scores"]["sharp"]["label"] in ("dark", "bright")
    assert nothing_to_do(photos) == "cached"
    assert not list(photos.root.rglob("__pycache__"))
    photos.put("ownjudges/classes.json", '["night", "day"]')
    assert photos.build()[0]["status"] == "optimized"
    (variant,) = photos.manifest["photos/a.jpg"]["variants"]
    assert variant["scores"]["sharp"]["label"] in ("night", "day")


def test_without_labels_a_rule_cannot_ask_for_them_and_nothing_is_run(photos: Tree) -> None:
    photos.put("ownjudges/sharp.py", "raise SystemExit('was run')")
    photos.put("semopt.yaml", OBJECT_SITE.replace("    labels: true ", "    # "))
    ran = photos.semopt("build")
    assert ran.returncode == 2
    assert "keep.label: needs a judge with classes, found only 'embedded', 'sharp'" in ran.stderr


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "similarity=1 /",
            "similarity=2 /",
            "evaluator 'sharp': compare gave a similarity of 2, not from 0 to 1\n",
        ),
        ("ImageStat.Stat(grey).mean[0]", "grey.mean", "evaluator 'sharp': observe failed (AttributeError: "),
        ("import json", "import jason", "ownjudges.sharp cannot be imported (ModuleNotFoundError: No module named "),
    ],
)
def test_a_judge_that_fails_ends_the_build_with_a_sentence(photos: Tree, before: str, after: str, said: str) -> None:
    photos.put("ownjudges/sharp.py", SHARP.replace(before, after))
    ran = photos.semopt("build")
    assert (ran.returncode, "Traceback" in ran.stderr) == (2, False)
    assert said in ran.stderr


def test_a_figure_that_a_judge_does_not_give_is_a_sentence(photos: Tree) -> None:
    photos.put("semopt.yaml", OBJECT_SITE.replace("keep: {label: same}", "keep: {sharp: {kl: 0.1}}"))
    ran = photos.semopt("build")
    assert (ran.returncode, ran.stderr) == (
        2,
        "evaluator 'sharp' gives no 'kl', which 'keep' asks for; remove it, or ask another judge\n",
    )
