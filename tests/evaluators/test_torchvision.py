import hashlib
import io
import os
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image, ImageFilter

from semopt.evaluators import torchvision as kind
from semopt.evaluators.calibration import THRESHOLD
from semopt.evaluators.operators import import_torchvision
from semopt.types import EvaluatorError, EvaluatorSpec

torch = pytest.importorskip("torch")

from semopt.evaluators import fusing, network, preset  # noqa: E402
from semopt.evaluators import sighting as sightings  # noqa: E402

REAL = Path(
    os.environ.get("SEMOPT_MOBILENET_V2")
    or Path(__file__).resolve().parents[2] / "../shared/models/mobilenet_v2-imagenet.pth"
).resolve()


def spec(**options):
    return EvaluatorSpec("judge", "torchvision", tuple({"model": "squeezenet1_1", **options}.items()))


def built(model="squeezenet1_1", seed=1):
    torch.manual_seed(seed)
    return getattr(import_torchvision().models, model)()


@pytest.fixture(scope="module")
def state():
    return built().state_dict()


def saved(folder, state, name="weights.pth"):
    file = folder / name
    torch.save(state, file)
    return str(file)


def complaint(**options):
    with pytest.raises(EvaluatorError) as caught:
        kind.load(spec(**options), progress=False)
    return str(caught.value)


def noise(seed=0, size=(90, 70)):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), np.uint8))


# --- files ------------------------------------------------------------------------------------------------------


def test_a_state_dict_is_taken_as_it_is_or_wrapped(tmp_path, state):
    plain = kind.load(spec(weights=saved(tmp_path, state)), progress=False)
    wrapped = kind.load(spec(weights=saved(tmp_path, {"state_dict": OrderedDict(state), "epoch": 3})), progress=False)
    assert (plain.observe([noise()])[0].logits == wrapped.observe([noise()])[0].logits).all()


def test_loading_leaves_the_callers_random_numbers_alone(tmp_path, state):
    file = saved(tmp_path, state)
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    kind.load(spec(weights=file), progress=False)
    assert (torch.rand(3) == wanted).all()


def test_the_hash_is_checked_before_the_file_is_opened(tmp_path):
    file = tmp_path / "weights.pth"
    file.write_bytes(b"not torch's")
    found = hashlib.sha256(b"not torch's").hexdigest()
    assert complaint(weights=str(file), sha256="ab" * 32).endswith(f"expected {'ab' * 32}, found {found} in {file}")
    assert "is no state dict of PyTorch" in complaint(weights=str(file), sha256=found.upper())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(99), b"\x80\x02}q\x00.", os.urandom(4000)])
def test_a_file_of_another_sort_is_a_sentence(tmp_path, content):
    file = tmp_path / "weights.pth"
    file.write_bytes(content)
    assert complaint(weights=str(file)).startswith(f"evaluator 'judge': {file} is no state dict of PyTorch")


def test_code_in_a_file_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    assert "is no state dict of PyTorch" in complaint(weights=saved(tmp_path, {"a": Evil()}))
    assert not (tmp_path / "ran").exists()


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    assert complaint(weights=str(tmp_path / "no.pth")).endswith("no.pth: No such file or directory")
    assert complaint(weights=str(tmp_path)).endswith("Is a directory")


def test_tensors_alone_make_a_state_dict(tmp_path):
    assert "holds no state dict" in complaint(weights=saved(tmp_path, [torch.ones(2)]))
    assert "holds no state dict" in complaint(weights=saved(tmp_path, {"a": torch.ones(2), "b": 3}))


def test_weights_of_another_network_name_what_does_not_fit(tmp_path, state):
    fewer = {key: value for key, value in state.items() if key != "classifier.1.bias"}
    assert "do not fit squeezenet1_1: classifier.1.bias is missing" in complaint(weights=saved(tmp_path, fewer))
    more = {**state, "one": torch.ones(1), "two": torch.ones(1)}
    assert complaint(weights=saved(tmp_path, more)).endswith("one is unknown; two is unknown")
    other = {**state, "classifier.1.bias": torch.ones(10)}
    assert "size mismatch for classifier.1.bias" in complaint(weights=saved(tmp_path, other))
    assert "more" in complaint(weights=saved(tmp_path, built("mobilenet_v3_small").state_dict()))


def test_weights_that_are_not_numbers_are_refused(tmp_path, state):
    broken = {**state, "features.0.bias": torch.full((64,), float("nan"))}
    assert "not finite" in complaint(weights=saved(tmp_path, broken))


def test_the_fingerprint_follows_the_content_not_the_place(tmp_path, state):
    one, same = saved(tmp_path, state, "one.pth"), tmp_path / "two.pth"
    same.write_bytes(Path(one).read_bytes())
    assert kind.fingerprint(spec(weights=one)) == kind.fingerprint(spec(weights=str(same)))
    same.write_bytes(b"other")
    assert kind.fingerprint(spec(weights=one)) != kind.fingerprint(spec(weights=str(same)))
    with pytest.raises(EvaluatorError, match="cannot read"):
        kind.fingerprint(spec(weights=str(tmp_path / "no.pth")))


# --- named weights ----------------------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub/checkpoints"


def unreachable(*args, **options):
    raise URLError("no route to host")


def test_fingerprints_of_named_weights_need_no_file():
    default, named = kind.fingerprint(spec()), kind.fingerprint(spec(weights="IMAGENET1K_V1"))
    assert kind.fingerprint(spec(weights="DEFAULT")) == default != named
    assert "torchvision-0." in default
    assert kind.fingerprint(spec(model="alexnet")) != default


def test_offline_says_what_is_wanted_how_large_and_where_to_put_it(hub, monkeypatch):
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    said = complaint(model="resnet152")
    for part in ("ResNet152_Weights.IMAGENET1K_V2", "230 MB", str(hub / "resnet152-f82ba261.pth"), "'embedded'"):
        assert part in said


def test_an_unknown_entry_names_those_there_are():
    said = complaint(model="resnet50", weights="IMAGENET1K_V3")
    assert "'IMAGENET1K_V3' is no entry of ResNet50_Weights" in said
    assert "DEFAULT, IMAGENET1K_V1, IMAGENET1K_V2" in said


@pytest.mark.parametrize("options", [{"model": "resnet51"}, {"model": "fasterrcnn_resnet50_fpn"}])
def test_an_unknown_network_is_a_sentence(options):
    assert "expected a classification network of torchvision" in complaint(**options)


def test_a_download_lands_where_torch_keeps_it_and_is_verified(hub, tmp_path, state, monkeypatch):
    content = io.BytesIO()
    torch.save(state, content)
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    source = tmp_path / f"net-{digest[:8]}.pth"
    source.write_bytes(content.getvalue())
    entry = SimpleNamespace(url=source.as_uri(), meta={"_file_size": 5})
    found = kind._cached(spec(), entry, progress=False)
    assert found == hub / source.name
    found.write_bytes(b"damaged")
    assert kind._cached(spec(), entry, progress=False).read_bytes() == content.getvalue()
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    assert kind._cached(spec(), entry, progress=False) == found


def test_a_download_of_other_content_is_refused(hub, tmp_path):
    source = tmp_path / "net-0123abcd.pth"
    source.write_bytes(b"somebody else's")
    with pytest.raises(EvaluatorError, match="invalid hash value"):
        kind._cached(spec(), SimpleNamespace(url=source.as_uri(), meta={"_file_size": 5}), progress=False)
    assert list(hub.iterdir()) == []


def test_names_of_2017_in_densenet_files_are_understood():
    old = {"features.denseblock1.denselayer1.norm.1.weight": 1, "features.denseblock1.denselayer1.conv.2.weight": 2}
    new = ["features.denseblock1.denselayer1.norm1.weight", "features.denseblock1.denselayer1.conv2.weight"]
    kind._rename(old)
    assert list(old) == new
    assert set(new) <= set(built("densenet121").state_dict())


def test_the_versions_of_layers_in_a_file_are_kept(tmp_path):
    state = built("mnasnet0_5").state_dict()
    kind.load(spec(model="mnasnet0_5", weights=saved(tmp_path, state)), progress=False)
    assert "version should be set" in complaint(model="mnasnet0_5", weights=saved(tmp_path, dict(state)))


# --- observing and comparing ------------------------------------------------------------------------------------


class Toy(torch.nn.Module):
    """Three mean colours, then a linear layer of known weights."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(3, 3)
        self.head = torch.nn.Linear(3, 2)
        self.shapes = []

    def forward(self, batch):
        self.shapes.append((tuple(batch.shape), torch.get_num_threads()))
        return self.head(self.first(batch.mean((2, 3))))


def prepare(image):
    return torch.from_numpy(np.asarray(image.resize((8, 8)), np.float32).transpose(2, 0, 1) / 255)


def test_features_are_what_enters_the_last_linear_layer():
    toy = Toy()
    (seen,) = network.NetworkEvaluator("toy", toy, prepare, ["a", "b"]).observe([noise()])
    with torch.inference_mode():
        assert seen.features.shape == (3,)
        assert np.allclose(toy.head(torch.from_numpy(seen.features)), seen.logits)


def test_a_network_without_a_linear_layer_gives_its_logits_as_features(tmp_path, state):
    (seen,) = kind.load(spec(weights=saved(tmp_path, state)), progress=False).observe([noise()])
    assert (seen.logits == seen.features).all()
    assert seen.logits.shape == (1000,)


def test_passes_have_one_shape_and_one_thread_and_leave_threads_as_they_were():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        toy = Toy()
        judge = network.NetworkEvaluator("toy", toy, prepare, ["a", "b"], batch=4)
        images = [noise(seed) for seed in range(6)]
        assert len(judge.observe(images)) == 6
        assert toy.shapes == [((4, 3, 8, 8), 1)] * 2
        assert torch.get_num_threads() == 2
        alone = [judge.observe([image])[0].logits.tobytes() for image in images]
        assert [seen.logits.tobytes() for seen in judge.observe(images)] == alone
    finally:
        torch.set_num_threads(before)


def test_passes_on_several_threads_give_the_same_bits():
    judge = network.NetworkEvaluator("toy", built().eval(), prepare_large, [str(n) for n in range(1000)])
    images = [noise(seed) for seed in range(5)]
    alone = [seen.logits.tobytes() for seen in judge.observe(images)]
    judge.threads = 3
    assert [seen.logits.tobytes() for seen in judge.observe(images)] == alone


def test_each_thread_keeps_the_features_of_its_own_pass():
    judge = network.NetworkEvaluator("toy", Toy(), prepare, ["a", "b"])
    images = [noise(seed) for seed in range(12)]
    alone = [judge.observe([image])[0].features.tobytes() for image in images]
    judge.threads = 4
    assert [seen.features.tobytes() for seen in judge.observe(images)] == alone


def prepare_large(image):
    return torch.from_numpy(np.asarray(image.resize((64, 64)), np.float32).transpose(2, 0, 1) / 255)


@pytest.mark.parametrize("model", ["mobilenet_v2", "resnet18", "densenet121"])
def test_a_fused_network_gives_what_it_gave(model):
    whole = lively(built(model)).eval()
    fused = lively(built(model)).eval()
    images = torch.rand(1, 3, 64, 64)
    fusing.fuse(fused, images)
    norms = [sum(isinstance(one, torch.nn.BatchNorm2d) for one in each.modules()) for each in (whole, fused)]
    assert norms[1] < norms[0]
    with torch.inference_mode():
        assert torch.allclose(fused(images), whole(images), rtol=1e-3, atol=1e-4)


def test_norms_that_only_stand_behind_a_convolution_are_left_alone():
    class Odd(torch.nn.Module):
        """The norm is run first, though it stands second."""

        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 3, 3)
            self.norm = torch.nn.BatchNorm2d(3)

        def forward(self, batch):
            return self.conv(self.norm(batch)).mean((2, 3))

    odd = lively(Odd()).eval()
    images = torch.rand(1, 3, 8, 8)
    before = odd(images)
    fusing.fuse(odd, images)
    assert isinstance(odd.norm, torch.nn.BatchNorm2d)
    assert torch.equal(odd(images), before)


def lively(network):
    """Norms that do something, as those of a trained network; the same at every call."""
    torch.manual_seed(3)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
    return network


@pytest.mark.parametrize("model", ["mobilenet_v2", "inception_v3", "vit_b_16"])
def test_inputs_are_those_of_torchvisions_preset(model):
    own = import_torchvision().models.get_model_weights(model).DEFAULT.transforms()
    for size in ((90, 70), (640, 200), (1, 7)):
        assert torch.equal(preset.Input(own)(noise(1, size)), own(noise(1, size)))


def test_a_device_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert network.device_for("auto", "judge") == network.device_for("cpu", "judge") == "cpu"
    with pytest.raises(EvaluatorError, match="this torch sees no cuda, only cpu"):
        network.device_for("cuda", "judge")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert network.device_for("auto", "judge") == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert network.device_for("auto", "judge") == "cuda"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch sees")
def test_a_gpu_gives_the_same_scores_within_the_tolerance(tmp_path):
    weights = saved(tmp_path, lively(built("mobilenet_v2")).state_dict())
    scores = []
    for device in ("cpu", "cuda"):
        judge = kind.load(spec(model="mobilenet_v2", weights=weights, device=device), progress=False)
        before, *after = judge.observe([noise(1), *(noise(1).resize((side, side)) for side in range(20, 60, 4))])
        scores.append([judge.compare(before, one).similarity for one in after])
    assert np.allclose(*scores, atol=network.TOLERANCE)


def test_a_device_is_no_part_of_the_fingerprint(tmp_path, state):
    weights = saved(tmp_path, state)
    assert kind.fingerprint(spec(weights=weights, device="cuda")) == kind.fingerprint(spec(weights=weights))


def test_a_long_line_is_cut_to_its_middle_before_it_is_scaled():
    assert sightings.middle(Image.new("RGB", (1, 50_000))).size == (1, 4)
    assert sightings.middle(Image.new("RGB", (50_001, 3))).size == (13, 3)
    for size in ((400, 100), (100, 400), (1, 1), (320, 240)):
        image = Image.new("RGB", size)
        assert sightings.middle(image) is image


def sighting(logits, features=(1.0, 0.0)):
    return sightings.Sighting(np.array(logits, np.float32), np.array(features, np.float32))


@pytest.fixture(scope="module")
def judge():
    return network.NetworkEvaluator("toy", Toy(), prepare, ["cat", "dog", "fox"])


def test_raw_figures_are_those_of_the_books(judge):
    before, after = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.5, 0.3])
    score = judge.compare(sighting(np.log(before) + 7, (3.0, 0.0)), sighting(np.log(after), (1.0, 1.0)))
    assert score.kl == pytest.approx(np.sum(before * np.log(before / after)), rel=1e-5)
    assert score.cosine == pytest.approx(2**-0.5)
    assert score.kept == pytest.approx(0.2 / 0.6, rel=1e-5)
    assert (score.label_before, score.label, score.rank) == ("cat", "dog", 2)


def test_the_same_sighting_scores_exactly_one(judge):
    score = judge.compare(sighting([1.5, -0.3, 0.7], (0.1, 0.7)), sighting([1.5, -0.3, 0.7], (0.1, 0.7)))
    assert (score.similarity, score.kl, score.cosine, score.kept, score.rank) == (1.0, 0.0, 1.0, 1.0, 0)


@pytest.mark.parametrize("logits", [[1e38, -1e38, 0], [0, 0, 0], [-1e30, 1e30, 1e30], [1e-40, 0, -1e-40]])
def test_extreme_outputs_score_from_0_to_1(judge, logits):
    for other in (sighting(logits), sighting(logits, (0.0, 0.0)), sighting(logits, (3e38, -3e38))):
        for score in (judge.compare(sighting([2, 1, 0]), other), judge.compare(other, sighting([2, 1, 0]))):
            assert 0.0 <= score.similarity <= 1.0


def test_the_drift_of_either_kind_that_is_safe_alone_is_the_threshold(judge):
    angle = sightings.SAFE_ANGLE
    turned = sighting([2, 1, 0], (1 - angle, (1 - (1 - angle) ** 2) ** 0.5))
    assert judge.compare(sighting([2, 1, 0]), turned).similarity == pytest.approx(THRESHOLD, abs=1e-6)


# --- with weights that know something -----------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.is_file(), reason=f"no MobileNetV2 weights at {REAL}; set SEMOPT_MOBILENET_V2")
def test_real_weights_see_blur_as_growing_drift():
    judge = kind.load(spec(model="mobilenet_v2", weights=str(REAL)), progress=False)
    original = noise(size=(12, 9)).resize((320, 240), Image.Resampling.BICUBIC)
    shown = [original, *(original.filter(ImageFilter.GaussianBlur(radius)) for radius in (0.5, 4, 20, 60))]
    reference, *seen = judge.observe(shown)
    assert reference.features.shape == (1280,)
    found = [judge.compare(reference, sighting).similarity for sighting in seen]
    assert found == sorted(found, reverse=True)
    assert found[0] > THRESHOLD > found[-1]
