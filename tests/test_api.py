"""semopt as a library: what the docstrings show is executed, and importing it costs nothing."""

from __future__ import annotations

import doctest
import io
import re
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

import semopt
from conftest import REPOSITORY, Tree, drawing, encoded, photo
from semopt import api, types
from semopt.types import ConfigError, EvaluatorError, ImageError, Keep, Score


@pytest.mark.parametrize("module", [api, types], ids=lambda module: module.__name__)
def test_the_examples_of_the_docstrings(module: object) -> None:
    ran = doctest.testmod(module)  # type: ignore[arg-type]
    assert ran.attempted > 0
    assert ran.failed == 0


@pytest.mark.parametrize(
    "thing", [api.build, api.compress, api.load_config, types.Encoder, types.Evaluator, types.Strategy]
)
def test_each_has_an_example(thing: object) -> None:
    assert ">>>" in (thing.__doc__ or "")


def test_importing_semopt_is_light() -> None:
    script = (
        "import sys, semopt; own = [name for name in sys.modules if name.startswith('semopt')];"
        "semopt.load_config, semopt.compress, semopt.types; print(own, *sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("['semopt'] ")
    assert not {"torch", "numpy", "PIL", "scipy", "tqdm"} & set(ran.stdout.split())


def test_names_of_the_package() -> None:
    assert semopt.build is api.build
    assert semopt.types.Evaluator is types.Evaluator
    assert {"build", "compress", "load_config", "types"} <= set(dir(semopt))
    with pytest.raises(AttributeError, match="module 'semopt' has no attribute 'nothing'"):
        semopt.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_it_works_from_a_script_without_a_main_guard(tree: Tree) -> None:
    tree.put("assets/one.png", encoded(drawing(60, 50), "PNG", compress_level=1))
    tree.put("assets/two.png", encoded(drawing(50, 60), "PNG", compress_level=1))
    script = tree.put(
        "script.py",
        "print('started')\nimport semopt\n"
        "for outcome in semopt.build('assets', jobs=2):\n    print(outcome.path, outcome.status)\n"
        "print(semopt.compress('assets/one.png', strategy='lossless').media_type)\n",
    )
    ran = subprocess.run([sys.executable, str(script)], cwd=tree.root, capture_output=True, text=True, timeout=100)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["started", "one.png optimized", "two.png optimized", "image/webp"]


def test_what_the_readme_shows(tree: Tree) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    (script,) = [block for block in blocks if "semopt.build" in block]
    tree.put("site/one.png", encoded(drawing(60, 50), "PNG", compress_level=1))
    tree.put("cat.jpg", encoded(photo(60, 50)))
    ran = subprocess.run([sys.executable, "-c", script], cwd=tree.root, capture_output=True, text=True, timeout=100)
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "one.png optimized \n")


def test_build_takes_a_folder_a_file_or_a_config(tree: Tree) -> None:
    file = tree.put("semopt.yaml", "version: 1\nrules: [{match: '**', strategy: lossless}]\n")
    tree.put("one.png", encoded(drawing(60, 50), "PNG", compress_level=1))
    tree.put("two/two.png", encoded(drawing(50, 60), "PNG", compress_level=1))
    assert [one.path for one in semopt.build(tree.root, only="two/**")] == ["two/two.png"]
    assert [one.status for one in semopt.build(str(file))] == ["optimized", "cached"]
    assert [one.status for one in semopt.build(semopt.load_config(file))] == ["cached", "cached"]


def test_build_says_what_is_wrong_at_once(tree: Tree) -> None:
    with pytest.raises(ConfigError, match=r"nowhere: cannot be read"):
        semopt.build(tree.root / "nowhere")
    with pytest.raises(ValueError, match="jobs: expected a number from 1 up"):
        semopt.build(tree.root, jobs=0)


def test_compress_takes_paths_bytes_and_pixels(tree: Tree) -> None:
    image = drawing(80, 60)
    content = encoded(image, "PNG", compress_level=1)
    file = tree.put("one.png", content)
    found = [semopt.compress(one, strategy="lossless") for one in (file, str(file), content, image)]
    assert len({one.content for one in found}) == 1
    assert (found[0].width, found[0].height, found[0].quality, found[0].strategy) == (80, 60, None, "lossless")
    assert Image.open(io.BytesIO(found[0].content or b"")).convert("RGB").tobytes() == image.tobytes()
    assert len(found[0].trials) == 2
    assert [path.name for path in tree.root.iterdir()] == ["one.png"]


def test_compress_turns_pixels_upright_and_keeps_alpha() -> None:
    image = drawing(60, 40)
    image.getexif()[274] = 6
    assert (semopt.compress(image, strategy="lossless").width) == 40
    clear = drawing(60, 40).convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    again = Image.open(io.BytesIO(semopt.compress(clear, strategy="lossless").content or b""))
    assert again.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_nothing_smaller_has_a_reason() -> None:
    tiny = encoded(drawing(80, 60), "WEBP", lossless=True)
    found = semopt.compress(tiny, strategy="lossless", formats=["png"])
    assert (found.content, found.media_type, found.width) == (None, None, 80)
    assert found.reason == "no variant is smaller than the original"


class Brightness:
    """A judge of one's own: the mean grey of an image."""

    name = "brightness"
    labels = False

    def observe(self, images: Sequence[Image.Image]) -> list[float]:
        return [float(np.asarray(image.convert("L")).mean()) for image in images]

    def compare(self, reference: float, observed: float) -> Score:
        return Score(max(0.0, 1 - abs(reference - observed) / 20))


def test_a_judge_of_ones_own_and_then_the_built_in_one_again() -> None:
    picture = photo(120, 90, 1)
    mine = semopt.compress(picture, evaluator=Brightness(), formats=["webp"])
    assert [name for name, _ in mine.scores] == ["brightness"]
    with pytest.raises(ConfigError, match="'brightness' knows no classes"):
        semopt.compress(picture, evaluator=Brightness(), keep=Keep(0.9, label="same"))
    assert [name for name, _ in semopt.compress(picture, keep=0.6, formats=["webp"]).scores] == ["embedded"]


def test_a_network_with_weights_of_ones_own(tree: Tree) -> None:
    torch = pytest.importorskip("torch")
    from semopt.evaluators.operators import import_torchvision

    torch.manual_seed(1)
    file = tree.root / "net.pth"
    weights = import_torchvision().models.squeezenet1_1().state_dict()
    weights["classifier.1.bias"][7] += 10  # sure of one class, or it would not be asked about variants
    torch.save(weights, file)
    found = semopt.compress(photo(120, 90, 1), evaluator="squeezenet1_1", weights=file, formats=["webp"])
    assert dict(found.scores)["squeezenet1_1"].similarity >= 0.9


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strategy": "semanitc"}, "did you mean 'semantic'"),
        ({"formats": ["wepb"]}, "did you mean 'webp'"),
        ({"formats": []}, "name at least one of"),
        ({"keep": 1.5}, "expected a similarity from 0 to 1, found 1.5"),
        ({"keep": Keep(label="same")}, "'embedded' knows no classes"),
        ({"evaluator": "nobody"}, "is neither 'embedded' nor 'text' nor a network of torchvision"),
    ],
)
def test_what_cannot_be_meant_is_a_config_error(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        semopt.compress(photo(20, 20), **options)  # type: ignore[arg-type]


def test_faults_of_image_and_judge(tree: Tree) -> None:
    with pytest.raises(ImageError, match="the file is text, not an image"):
        semopt.compress(b"only words")
    with pytest.raises(FileNotFoundError):
        semopt.compress(tree.root / "nothing.jpg")
    with pytest.raises(ImageError, match="convert it to RGB first"):
        semopt.compress(Image.new("CMYK", (9, 9)))
    with pytest.raises(EvaluatorError, match=r"none\.pth"):
        semopt.compress(photo(20, 20), evaluator="resnet18", weights=tree.root / "none.pth")
