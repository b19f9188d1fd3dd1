"""What every kind of judge promises; a new line in KINDS needs one in `specs`."""

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from semopt.evaluators import KINDS
from semopt.evaluators.operators import import_torchvision
from semopt.types import EvaluatorSpec

ROOT = Path(__file__).parents[2]


def photo(seed: int = 0, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Something with sky, edges and texture."""
    random = np.random.default_rng(seed)
    rough = Image.fromarray(random.integers(0, 256, (9, 12, 3), np.uint8)).resize(size, Image.Resampling.NEAREST)
    fine = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), np.uint8))
    return Image.blend(rough, fine.filter(ImageFilter.GaussianBlur(1)), 0.3)


def captioned(image: Image.Image) -> Image.Image:
    """The same with words on it, for judges that read."""
    draw = ImageDraw.Draw(image)
    for row, words in enumerate(("Getting started", "Install the package", "Run the build", "Read the manifest")):
        top = 20 + 50 * row
        draw.rectangle((10, top - 6, image.width - 10, top + 34), fill=(255, 255, 255))
        draw.text((20, top), words, fill=(20, 20, 40), font=ImageFont.load_default(22))
    return image


def small(file: Path) -> Path:
    """A network with random weights; without onnx and onnxruntime the contract tests are skipped."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx_networks import Small, export

    return export(Small(features=True), file)


JUDGE = """
import dataclasses
import numpy as np
from semopt.types import Score

@dataclasses.dataclass(frozen=True)
class Seen:
    pixels: np.ndarray

class Squares:
    name, labels = "squares", False

    def observe(self, images):
        return [Seen(np.asarray(image.resize((16, 16)), np.float32).ravel() + 1) for image in images]

    def compare(self, reference, observed):
        one, other = reference.pixels, observed.pixels
        cosine = float(one @ other / np.sqrt((one @ one) * (other @ other)))
        return Score(1 / (1 + float(np.square(one - other).mean()) / 900), cosine=cosine)
"""


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    network = import_torchvision().models.squeezenet1_1()
    file = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(network.state_dict(), file)
    options = (("model", "squeezenet1_1"), ("weights", str(file)))
    folder = file.parent
    (folder / "contractjudge.py").write_text(JUDGE)
    return {
        "embedded": EvaluatorSpec("embedded", "embedded"),
        "torchvision": EvaluatorSpec("random", "torchvision", options),
        "onnx": EvaluatorSpec("graph", "onnx", (("features", "features"), ("path", str(small(folder / "small.onnx"))))),
        "text": EvaluatorSpec("text", "text"),
        "python": EvaluatorSpec("own", "python", (("folder", str(folder)), ("object", "contractjudge:Squares"))),
    }


def there(kind):
    """The kind's name; where packages of it are missing, the test is skipped."""
    for package in getattr(KINDS[kind], "needs", ()):
        pytest.importorskip(package)
    return kind


@pytest.fixture(scope="module", params=sorted(KINDS.built_in))
def judge(request, specs):
    return KINDS[there(request.param)].load(specs[request.param], progress=False)


def bits(observation) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(field).tobytes() for field in arrays(observation))).hexdigest()


def arrays(observation) -> list[np.ndarray]:
    fields = [getattr(observation, field.name) for field in dataclasses.fields(observation)]
    return [np.asarray(one) for field in fields for one in (field if isinstance(field, tuple) else (field,))]


def test_a_judge_bears_the_name_of_its_spec(judge, specs):
    assert judge.name in {spec.name for spec in specs.values()}


@pytest.mark.parametrize("name", sorted(KINDS.built_in))
def test_the_kind_says_whether_its_judges_know_classes(name, specs):
    kind = KINDS[there(name)]
    assert kind.load(specs[name], progress=False).labels is kind.labels


def test_the_original_scores_exactly_one(judge):
    for image in (captioned(photo(1)), photo(1, (32, 32)), photo(1, (1, 1))):
        reference, again = judge.observe([image, image.copy()])
        score = judge.compare(reference, again)
        assert score.similarity == 1.0
        assert score.cosine in (None, pytest.approx(1.0))
        assert score.cer in (None, 0.0)
        assert score.kl in (None, 0.0)
        assert (score.label is not None) is judge.labels


def test_an_observation_does_not_depend_on_its_neighbours(judge):
    images = [photo(seed, size) for seed, size in enumerate([(320, 240), (50, 40), (500, 300), (1, 1), (64, 64)])]
    alone = [bits(judge.observe([image])[0]) for image in images]
    assert [bits(seen) for seen in judge.observe(images)] == alone
    assert [bits(seen) for seen in judge.observe(images[::-1])] == alone[::-1]


def test_observations_are_no_wider_than_float32(judge):
    (seen,) = judge.observe([photo()])
    assert {one.dtype for one in arrays(seen) if one.ndim} <= {np.dtype(np.float32), np.dtype(np.uint8)}


def test_similarity_falls_as_blur_grows(judge):
    original = captioned(photo(3))
    blurred = [original.filter(ImageFilter.GaussianBlur(radius)) for radius in (0.7, 2, 6, 40)]
    reference, *seen = judge.observe([original, *blurred])
    found = [1.0, *(judge.compare(reference, sighting).similarity for sighting in seen)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 1.0
    assert found[1] < 1.0 or judge.name == "text"  # large words can be read through a slight blur


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 2), (2, 700)])
def test_any_shape_gets_a_finite_score(judge, size):
    reference, *seen = judge.observe([photo(0, size), photo(1, size), Image.new("RGB", size), Image.new("RGB", (9, 9))])
    for sighting in seen:
        assert 0.0 <= judge.compare(reference, sighting).similarity <= 1.0
        assert 0.0 <= judge.compare(sighting, reference).similarity <= 1.0


def test_no_images_no_observations(judge):
    assert list(judge.observe([])) == []


@pytest.mark.parametrize("name", sorted(KINDS.built_in))
def test_a_fingerprint_is_stable_and_imports_nothing_heavy(name, specs):
    there(name)
    code = (
        f"import sys; from semopt.evaluators import KINDS; from semopt.types import EvaluatorSpec\n"
        f"print(KINDS[{name!r}].fingerprint({specs[name]!r}))\n"
        f"heavy = {{'torch', 'torchvision', 'onnxruntime', 'rapidocr', 'cv2', 'numpy', 'PIL'}} & set(sys.modules)\n"
        f"assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stderr == ""
    assert done.stdout.strip() == KINDS[name].fingerprint(specs[name])
