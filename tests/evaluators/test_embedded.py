import io
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image, ImageOps

from semopt.evaluators import KINDS, embedded
from semopt.evaluators.calibration import THRESHOLD
from semopt.types import EvaluatorError, EvaluatorSpec


@pytest.fixture(scope="module")
def judge():
    return KINDS["embedded"].load(EvaluatorSpec("embedded", "embedded"), progress=False)


def scene(size=(400, 300)):
    """Waves of several lengths in colour, with a dark disc: every pixel is arithmetic, so it is the same anywhere."""
    across, down = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    waves = [0.5 + 0.3 * np.sin(40 * across * down + k) + 0.15 * np.cos(9 * down + 2 * k) for k in range(3)]
    picture = np.where(((across - 0.5) ** 2 + (down - 0.5) ** 2 < 0.05)[..., None], 0.1, np.stack(waves, -1))
    return Image.fromarray((picture.clip(0, 1) * 255).astype(np.uint8))


def score(judge, before, after):
    return judge.compare(*judge.observe([before, after]))


def encoded(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def test_a_good_copy_passes_and_a_thumbnail_does_not(judge):
    original = scene()
    assert score(judge, original, encoded(original, 90)).similarity > THRESHOLD
    assert score(judge, original, original.resize((16, 12))).similarity < 0.7


def test_lost_structure_and_added_artefacts_both_count(judge):
    original = scene()
    noise = np.random.default_rng(0).normal(0, 25, (300, 400, 3))
    noisy = Image.fromarray((np.asarray(original) + noise).clip(0, 255).astype(np.uint8))
    assert score(judge, original, Image.new("RGB", original.size, (128, 128, 128))).similarity < 0.5
    assert score(judge, original, noisy).similarity < THRESHOLD
    assert score(judge, noisy, original).similarity < THRESHOLD


def test_lost_colour_counts(judge):
    assert score(judge, scene(), ImageOps.grayscale(scene()).convert("RGB")).similarity < THRESHOLD


def test_an_inverted_picture_is_another_picture(judge):
    found = score(judge, scene(), ImageOps.invert(scene()))
    assert found.similarity < 0.4
    assert found.cosine < 0.5


def test_an_empty_sky_may_change_by_a_grey_level(judge):
    sky = np.full((100, 100, 3), 180, np.uint8)
    near = sky.copy()
    near[:50] += 1
    assert score(judge, Image.fromarray(sky), Image.fromarray(near)).similarity > THRESHOLD


def test_the_shape_may_differ_by_rounding(judge):
    assert score(judge, scene((512, 341)), scene((512, 341)).resize((256, 171))).similarity > THRESHOLD


def test_raise_the_algorithms_number_when_this_fails(judge):
    """The fingerprint holds the number and the weights, not the code: the same number must mean the same score."""
    found = judge.compare(*judge.observe([scene(), scene((100, 75))]))
    assert (embedded.ALGORITHM, embedded.SAFE) == (3, 0.8)
    assert found.similarity == pytest.approx(0.81424, rel=1e-3)


def test_an_altered_look_is_measured_by_the_yard_of_the_plain_one(judge):
    plain, mirrored, worn = judge.observe([scene(), ImageOps.mirror(scene()), ImageOps.mirror(encoded(scene(), 20))])
    own = judge.compare(mirrored, worn).similarity
    before, mirrored.yard = mirrored.yard, None
    judge.altered(plain, mirrored)
    assert mirrored.yard == plain.yard != before
    assert judge.compare(mirrored, worn).similarity == pytest.approx(own, abs=0.02)


def test_on_its_canvas_it_sees_the_same(judge):
    sighted, squashed = judge.observe([scene(), judge.canvas.squashed(scene())])
    assert judge.compare(sighted, squashed).similarity == 1.0
    assert np.array_equal(sighted.canvas, squashed.canvas)


def test_the_original_is_exactly_itself(judge):
    found = score(judge, scene(), scene())
    assert (found.similarity, found.cosine) == (1.0, 1.0)


def test_the_weights_are_small_plain_arrays():
    assert embedded.WEIGHTS.stat().st_size < 2_000_000
    with np.load(embedded.WEIGHTS, allow_pickle=False) as kept:
        assert all(np.isfinite(kept[name]).all() for name in kept.files)


def test_it_imports_no_torch():
    script = (
        "import sys; from PIL import Image; from semopt.evaluators import KINDS\n"
        "from semopt.types import EvaluatorSpec\n"
        "judge = KINDS['embedded'].load(EvaluatorSpec('embedded', 'embedded'), False)\n"
        "judge.observe([Image.new('RGB', (9, 9))]); print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize("damage", [b"", b"PK", None])
def test_damaged_weights_are_one_sentence(damage, tmp_path, monkeypatch):
    file = tmp_path / "embedded.npz"
    if damage is None:
        np.savez(file, layers=np.array(4))
    else:
        file.write_bytes(damage)
    monkeypatch.setattr(embedded, "WEIGHTS", file)
    with pytest.raises(EvaluatorError, match=r"evaluator 'ours': the weights .* install semopt again"):
        embedded.load(EvaluatorSpec("ours", "embedded"), progress=False)


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (300, 2), (2000, 1500)])
def test_any_size_can_be_looked_at(judge, size):
    assert score(judge, scene((32, 32)).resize(size), scene((32, 32)).resize(size)).similarity == 1.0


def test_it_is_quick(judge):
    image = scene((512, 512))
    judge.observe([image])
    start = time.process_time()
    judge.observe([image] * 20)
    assert (time.process_time() - start) / 20 < 0.1  # 4 ms measured; the bound leaves room for a busy machine
