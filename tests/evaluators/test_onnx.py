"""Networks of one's own as ONNX: what is found out about them, and what is said of those that are of no use."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx_networks import CLASSES, Small, export, scene  # noqa: E402

from conftest import REPOSITORY  # noqa: E402
from semopt.evaluators import KINDS, sighting  # noqa: E402
from semopt.evaluators import onnx as kind  # noqa: E402
from semopt.types import EvaluatorError, EvaluatorSpec  # noqa: E402

CENTRED = {"mean": "[0.5, 0.5, 0.5]", "std": "[0.5, 0.5, 0.5]", "resize": "squash"}


def spec(**options: object) -> EvaluatorSpec:
    return EvaluatorSpec("ours", "onnx", tuple(sorted((key, str(value)) for key, value in options.items())))


def judge(**options: object):
    return KINDS["onnx"].load(spec(**options), progress=False)


def complaint(**options: object) -> str:
    with pytest.raises(EvaluatorError) as error:
        judge(**options)
    return str(error.value)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return Small(features=True).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    return export(network, tmp_path_factory.mktemp("onnx") / "small.onnx")


def made(tmp_path: Path, forward, **options) -> Path:
    """A network of one function."""

    class Made(torch.nn.Module):
        def forward(self, batch):
            return forward(batch)

    return export(Made(), tmp_path / "made.onnx", **options)


def means(batch):
    return batch.mean((2, 3)) * 10


# --- what it sees -----------------------------------------------------------------------------------------------------


def test_it_sees_what_torch_sees(network, file):
    image = scene(1, 5)
    (seen,) = judge(path=file, features="features", **CENTRED).observe([image])
    batch = torch.from_numpy(np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 127.5 - 1)
    with torch.inference_mode():
        logits, features = network(batch)
    assert np.allclose(seen.logits, logits[0], atol=1e-4)
    assert np.allclose(seen.features, features[0], atol=1e-4)


def test_a_free_shape_sees_the_same_as_a_fixed_one(network, file, tmp_path):
    free = export(network, tmp_path / "free.onnx", free=(0, 2, 3))
    images = [scene(0, 1), scene(2, 1, size=150)]
    fixed = judge(path=file, **CENTRED).observe(images)
    found = judge(path=free, size=64, **CENTRED).observe(images)
    assert all(np.allclose(one.logits, other.logits, atol=1e-5) for one, other in zip(fixed, found, strict=True))
    assert judge(path=free)._prepared.size == (224, 224)


@pytest.mark.parametrize("options", [{}, {"layout": "nhwc"}])
def test_channels_may_come_last(tmp_path, options):
    last = made(tmp_path, lambda batch: means(batch.permute(0, 3, 1, 2)), shape=(1, 40, 30, 3))
    ours = judge(path=last, mean="[0, 0, 0]", std="[1, 1, 1]", **options)
    assert (ours._prepared.last, ours._prepared.size) == (True, (40, 30))
    (seen,) = ours.observe([Image.new("RGB", (50, 50), (255, 102, 0))])
    assert np.allclose(seen.logits, [10, 4, 0], atol=1e-4)


def test_bytes_go_in_as_they_are(tmp_path):
    ours = judge(path=made(tmp_path, lambda batch: batch.float().mean((2, 3)), dtype=torch.uint8), channels="bgr")
    (seen,) = ours.observe([Image.new("RGB", (9, 9), (255, 102, 7))])
    assert list(seen.logits) == [7, 102, 255]


def test_range_channels_mean_and_std_are_the_specs(tmp_path):
    file = made(tmp_path, lambda batch: batch.mean((2, 3)))
    image = Image.new("RGB", (9, 9), (255, 102, 0))
    for options, wanted in [
        ({}, [(1 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, -0.406 / 0.225]),
        ({"range": "255"}, [255, 102, 0]),
        ({"range": "255", "mean": "[55, 2, 0]", "std": "[2, 1, 1]"}, [100, 100, 0]),
        ({"range": "255", "channels": "bgr"}, [0, 102, 255]),
    ]:
        (seen,) = judge(path=file, **options).observe([image])
        assert np.allclose(seen.logits, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("resize", "edge"), [("crop", 0), ("cover", 0), ("squash", 255)])
def test_what_lies_at_the_edge_is_seen_only_by_squash(tmp_path, resize, edge):
    """A wide picture with a red bar at its left edge; the network gives its leftmost column."""
    file = made(tmp_path, lambda batch: batch[:, :, :, 0].mean(2))
    image = Image.new("RGB", (256, 64))
    image.paste((255, 0, 0), (0, 0, 30, 64))
    (seen,) = judge(path=file, resize=resize, range="255").observe([image])
    assert seen.logits[0] == pytest.approx(edge, abs=1)


def test_probabilities_are_told_from_logits(tmp_path, network):
    both = made(tmp_path, lambda batch: (network(batch)[0], network(batch)[0].softmax(1)))
    images = [scene(0, 7), scene(1, 7)]
    scores = []
    for output in ("logits", "features"):  # the second output of the file is called so
        ours = judge(path=both, output=output)
        scores.append(ours.compare(*ours.observe(images)))
    assert scores[0].kl == pytest.approx(scores[1].kl, rel=1e-3)
    assert scores[0].kept == pytest.approx(scores[1].kept, rel=1e-3)
    stated = judge(path=both, output="features", scores="logits")
    assert stated.compare(*stated.observe(images)).kl < scores[0].kl


def test_a_probability_of_zero_scores(tmp_path):
    file = made(tmp_path, lambda batch: (means(batch) * 1000).softmax(1))
    ours = judge(path=file, mean="[0, 0, 0]", std="[1, 1, 1]", scores="probabilities")
    score = ours.compare(*ours.observe([Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "blue")]))
    assert 0 <= score.similarity < 0.1
    assert (score.label_before, score.label) == ("0", "2")


def test_features_count_where_there_are_some(file):
    plain, rich = judge(path=file), judge(path=file, features="features")
    images = [scene(0, 7), scene(0, 8)]
    without, with_ = plain.compare(*plain.observe(images)), rich.compare(*rich.observe(images))
    assert without.kl == with_.kl
    assert without.cosine != with_.cosine
    assert plain.observe(images)[0].features.shape == (0,)
    assert without.similarity == pytest.approx(1 / (1 + without.kl / sighting.SAFE_KL_ALONE / 9))


def test_an_image_is_free_of_its_neighbours_and_so_is_a_second_judge(file):
    images = [scene(label, 9, size) for label, size in ((0, 64), (1, 200), (2, 33))]
    one, other = judge(path=file), judge(path=file)
    alone = [one.observe([image])[0].logits.tobytes() for image in images]
    assert [seen.logits.tobytes() for seen in other.observe(images[::-1])] == alone[::-1]


def test_labels_name_the_classes(file, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_bytes("\ufeffstripes\r\ndisc \r\nSchachbrett ♞\r\n\r\n".encode())
    ours = judge(path=file, labels=labels)
    scores = [ours.compare(*ours.observe([scene(label, 1), scene(label, 2)])) for label in range(3)]
    assert {score.label for score in scores} <= {"stripes", "disc", "Schachbrett ♞"}
    assert all(score.rank is not None for score in scores)


# --- what counts as the same judge ------------------------------------------------------------------------------------


def test_the_fingerprint_follows_content_and_options_not_places(file, tmp_path):
    copy, labels = tmp_path / "other.onnx", tmp_path / "labels.txt"
    copy.write_bytes(file.read_bytes())
    labels.write_text("a\nb\nc\n")
    print_ = kind.fingerprint(spec(path=file))
    assert kind.fingerprint(spec(path=copy)) == print_
    assert "onnxruntime-" in print_
    seen = {print_, *(kind.fingerprint(spec(path=file, **more)) for more in (CENTRED, {"labels": labels}))}
    labels.write_text("a\nb\nd\n")
    copy.write_bytes(file.read_bytes() + b"\0")
    seen |= {kind.fingerprint(spec(path=file, labels=labels)), kind.fingerprint(spec(path=copy))}
    assert len(seen) == 5


def test_weights_outside_the_graph_count(file, tmp_path):
    graph = onnx.load(file)
    name = f"{'w' * 150}.bin"  # a length of two bytes
    onnx.save(graph, tmp_path / "big.onnx", save_as_external_data=True, location=name, size_threshold=0)
    before = kind.fingerprint(spec(path=tmp_path / "big.onnx"))
    (one,), (other,) = (judge(path=path).observe([scene(1, 1)]) for path in (file, tmp_path / "big.onnx"))
    assert (one.logits == other.logits).all()
    weights = tmp_path / name
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert kind.fingerprint(spec(path=tmp_path / "big.onnx")) != before
    weights.unlink()
    with pytest.raises(EvaluatorError, match="cannot read"):
        kind.fingerprint(spec(path=tmp_path / "big.onnx"))


# --- what is of no use ------------------------------------------------------------------------------------------------


def test_without_onnxruntime_it_says_what_to_install(file):
    code = (
        "import importlib.metadata as m, sys; from semopt.evaluators import KINDS; from semopt.types import *\n"
        "real = m.version\n"
        "def version(name):\n"
        "    if name == 'onnxruntime': raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version\n"
        f"one = EvaluatorSpec('ours', 'onnx', (('path', {str(file)!r}),))\n"
        "for ask in (lambda: KINDS['onnx'].fingerprint(one), lambda: KINDS['onnx'].load(one, False)):\n"
        "    try: ask()\n"
        "    except EvaluatorError as error: print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY)
    assert ran.stdout.splitlines() == ["onnxruntime is not installed; pip install onnxruntime"] * 2, ran.stderr


def test_files_that_are_missing_or_others_are_sentences(file, tmp_path):
    assert complaint(path=tmp_path / "no.onnx").endswith("no.onnx: No such file or directory")
    assert complaint(path=file, labels=tmp_path / "no.txt").endswith("no.txt: No such file or directory")
    assert "sha256: expected" in complaint(path=file, sha256="ab" * 32)
    assert "path: is missing" in complaint()
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    assert "is no UTF-8 text" in complaint(path=file, labels=tmp_path / "latin.txt")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(99), os.urandom(4000), b"\x0a\x08location\x12\xff"])
def test_a_file_of_another_sort_is_a_sentence(tmp_path, content):
    file = tmp_path / "junk.onnx"
    file.write_bytes(content)
    said = complaint(path=file)
    assert "is no ONNX network that onnxruntime can open" in said
    assert "\n" not in said


def test_labels_must_be_as_many_as_classes(file, tmp_path):
    (tmp_path / "two.txt").write_text("a\nb\n")
    assert complaint(path=file, labels=tmp_path / "two.txt").endswith("labels: 2 lines, but its network has 3 classes")


@pytest.mark.parametrize(
    ("forward", "options", "said"),
    [
        (lambda batch: batch.mean(1), {"shape": (1, 3, 64)}, "expected numbers for images: batch, channels, height"),
        (means, {"shape": (1, 1, 64, 64)}, "expected three channels"),
        (means, {"shape": (8, 3, 64, 64)}, "export it with a batch of 1, or of any size"),
        (lambda batch: batch.mean(1), {}, "expected one figure for each of two or more classes, found float32 of"),
        (lambda batch: batch.mean((1, 2, 3)), {}, "expected one figure for each of two or more classes"),
        (lambda batch: means(batch) / (means(batch) - means(batch)), {}, "its outputs are not finite"),
        (lambda batch: batch.reshape(1, 3, 4096).mean(2), {"free": (2, 3)}, "its network cannot be run"),
    ],
)  # fmt: skip
def test_networks_of_no_use_are_sentences(tmp_path, forward, options, said):
    found = complaint(path=made(tmp_path, forward, **options))
    assert found.startswith("evaluator 'ours': ")
    assert said in found


def test_two_inputs_are_one_too_many(tmp_path):
    tensor = onnx.helper.make_tensor_value_info
    inputs = [tensor(name, 1, [1, 3, 8, 8]) for name in "ab"]
    add = onnx.helper.make_node("Add", ["a", "b"], ["c"])
    graph = onnx.helper.make_graph([add], "two", inputs, [tensor("c", 1, [1, 3, 8, 8])])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "two.onnx")
    assert complaint(path=tmp_path / "two.onnx").endswith("its network takes 2 inputs, not one image")


def test_options_that_do_not_fit_are_sentences(file, tmp_path):
    outputs = "there are 'logits', 'features'"
    assert complaint(path=file, features="pool").endswith(f"features: 'pool' is no output of its network; {outputs}")
    assert "output: 'x' is no output" in complaint(path=file, output="x")
    assert complaint(path=file, size=96).endswith("size: its network takes 64 x 64 px; remove it")
    assert "std: expected numbers other than 0" in complaint(path=file, std="[1, 0, 1]")
    assert "expected three channels in layout nhwc" in complaint(path=file, layout="nhwc")
    bytes_ = made(tmp_path, lambda batch: batch.float().mean((2, 3)), dtype=torch.uint8)
    assert "mean: its network takes bytes as they are; remove it" in complaint(path=bytes_, mean="[1, 1, 1]")


def test_sightings_are_plain_arrays(file):
    (seen,) = judge(path=file, features="features").observe([scene(0, 0)])
    assert dataclasses.asdict(seen)["logits"].shape == (len(CLASSES),)
