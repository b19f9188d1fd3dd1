"""The program that trains the embedded network: two steps on drawn pictures, and what the written file then says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import encoded, photo
from semopt.evaluators.drift import SIDE, Student, squashed
from semopt.evaluators.sighting import Sighting

torch = pytest.importorskip("torch", reason="torch is not installed, and training needs it")

from tests.bench.train import figures, fit, pictures, split, tables, teachers  # noqa: E402
from tests.bench.train.__main__ import main  # noqa: E402
from tests.bench.train.export import export, folded  # noqa: E402
from tests.bench.train.model import Net, pixels  # noqa: E402
from tests.bench.train.pictures import Order, orders  # noqa: E402


class Fake:
    """Sees how much detail there is in each field of a grid."""

    key = "fake"

    def observe(self, images: Sequence[Image.Image]) -> list[Sighting]:
        return [self.look(image) for image in images]

    def look(self, image: Image.Image) -> Sighting:
        grey = np.asarray(image.convert("L").resize((128, 128), Image.Resampling.BILINEAR), np.float32)
        seen = np.abs(np.diff(grey, axis=1, append=0)).reshape(8, 16, 8, 16).mean((1, 3)).ravel()
        return Sighting(seen, seen)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take many times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("photos")
    for seed in range(3):
        (place / f"{seed}.jpg").write_bytes(encoded(photo(160, 120, seed)))
    return place


@pytest.fixture(scope="module")
def learned(folder: Path) -> list[tables.Table]:
    wanted = orders(sorted(folder.glob("*.jpg")), 2, (4, 2), seed=1)
    return [tables.read(tables.made(order, [Fake()], folder / "store")) for order in wanted]


@pytest.fixture(scope="module")
def net(learned: list[tables.Table]) -> Net:
    """After two steps. All that starts at zero is moved, so that the file must hold it."""
    *_, (net, loss) = fit.fit(learned, passes=2, seed=3)
    assert np.isfinite(loss)
    with torch.no_grad():
        for weights in (net.attention.weight, net.outer.weight, net.outer.bias):
            weights.normal_(0, 0.3, generator=torch.Generator().manual_seed(0))
    return net


@pytest.fixture(scope="module")
def student(net: Net, tmp_path_factory: pytest.TempPathFactory) -> Student:
    file = tmp_path_factory.mktemp("weights") / "embedded.npz"
    export(net, file)
    return Student.read(file)


def logarithms(net: Net, table: tables.Table) -> np.ndarray:
    canvases = torch.from_numpy(np.array(table.canvases))
    owner = torch.zeros(len(canvases) - 1, dtype=torch.long)
    with torch.no_grad():
        drift = net.eval()(pixels(canvases[:1]), pixels(canvases[1:]), owner, torch.from_numpy(table.shares))
    return np.asarray(drift)


def test_the_package_says_what_torch_says(net: Net, student: Student, learned: list[tables.Table]) -> None:
    for table in learned:
        said = np.log(figures.drifts(student, table))
        assert said == pytest.approx(logarithms(net, table), abs=1e-2)
        assert said.std() > 0.1


def test_the_file_holds_what_was_trained(net: Net, student: Student) -> None:
    kernels = [folded(layer)[0].detach().numpy() for layer in net.layers]
    assert [kernel.shape for kernel in student.kernels] == [kernel.shape for kernel in kernels]
    for read, trained in zip(student.kernels, kernels, strict=True):
        np.testing.assert_allclose(read, trained, rtol=1e-3, atol=1e-6)
    assert student.strides == (4, 2, 2, 2)
    assert student.power == pytest.approx(net.power.exp().item())
    assert student.scale == pytest.approx(net.scale.item())
    np.testing.assert_allclose(student.shares, torch.nn.functional.softplus(net.shares).detach().numpy())


def test_the_same_seed_trains_the_same(learned: list[tables.Table]) -> None:
    losses = [[loss for _, loss in fit.fit(learned, passes=2, seed=5)] for _ in range(2)]
    assert losses[0] == losses[1]


def test_training_brings_the_network_nearer_to_its_teacher(learned: list[tables.Table]) -> None:
    losses = [loss for _, loss in fit.fit(learned, passes=10, seed=0)]
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])


def test_a_table_that_is_there_is_not_made_again(folder: Path, learned: list[tables.Table]) -> None:
    class Blind(Fake):
        def observe(self, images: Sequence[Image.Image]) -> list[Sighting]:
            raise AssertionError("asked")

    order = Order(folder / "0.jpg", 0, 4, 1)
    assert tables.made(order, [Blind()], folder / "store") == learned[0].file
    with pytest.raises(AssertionError, match="asked"):
        tables.made(Order(folder / "0.jpg", 0, 4, 2), [Blind()], folder / "store")


def test_a_table_holds_the_canvases_and_what_the_teacher_says(folder: Path, learned: list[tables.Table]) -> None:
    table, shown = learned[0], list(pictures.shown(Order(folder / "0.jpg", 0, 4, 1)))
    assert table.canvases.shape == (5, SIDE, SIDE, 3)
    for canvas, image in zip(table.canvases, shown, strict=True):
        assert np.array_equal(canvas, np.asarray(squashed(image)))
    before, after = (seen.features.astype(float) for seen in Fake().observe([shown[0], shown[2]]))
    angle = 1 - before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    assert table.lesson.angle[1, 0] == pytest.approx(angle, abs=1e-6)
    assert table.lesson.held.shape == (4, 1)


def test_parts_are_of_the_photographs_and_no_two_alike(folder: Path) -> None:
    wanted = orders(sorted(folder.glob("*.jpg")), 20, (26, 3), seed=0)
    assert [order.count for order in wanted] == [26] * 3 + [3] * 20
    first = [next(iter(pictures.shown(order))) for order in wanted[3:]]
    assert len({image.size for image in first}) > 15
    assert all(max(image.size) <= pictures.ENLARGED[1] for image in first)


def test_candidates_are_what_a_search_might_choose() -> None:
    found = pictures.candidates(160, 120)
    assert {(one.encoder, max(one.width, one.height)) for one in found} == {
        *(("webp", side) for side in (45, 64, 91, 128, 160)),
        *((name, side) for name in ("avif", "jpeg") for side in (128, 160)),
    }
    assert {one.width for one in pictures.candidates(20, 8)} == {20}


def test_one_scene_is_never_on_both_sides(folder: Path, tmp_path: Path) -> None:
    for seed in range(12):
        (tmp_path / f"{seed}.jpg").write_bytes(encoded(photo(160, 120, seed)))
        (tmp_path / f"again {seed}.jpg").write_bytes(encoded(photo(160, 120, seed).resize((80, 60)), quality=60))
    photos = sorted(tmp_path.glob("*.jpg"))
    trained, held = split.parted(photos, 0.5)
    assert sorted(trained + held) == photos
    assert trained
    assert held
    for side in (trained, held):
        assert {place.name for place in side} >= {f"again {place.name}" for place in side if place.name[0] != "a"}
    trained, held = split.without(photos, {"3.jpg", "not there.jpg"})
    assert [place.name for place in held] == ["3.jpg"]
    assert "again 3.jpg" not in {place.name for place in trained}
    assert "again 4.jpg" in {place.name for place in trained}


@pytest.fixture
def onnx_file(tmp_path: Path) -> Path:
    """A network that sees the mean colour."""
    onnx = pytest.importorskip("onnx")
    tensor, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    graph = onnx.helper.make_graph(
        [node("GlobalAveragePool", ["image"], ["features"]), node("Flatten", ["features"], ["logits"])],
        "colours",
        [tensor("image", 1, ["n", 3, 8, 8])],
        [tensor("logits", 1, ["n", 3]), tensor("features", 1, ["n", 3, 1, 1])],
    )
    opset = [onnx.helper.make_opsetid("", 13)]
    (tmp_path / "net.onnx").write_bytes(
        onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    )
    (tmp_path / "net.json").write_text(json.dumps({"mean": [0, 0, 0], "std": [1, 1, 1], "resize": 8}))
    return tmp_path / "net.onnx"


def test_an_onnx_file_teaches_with_what_stands_beside_it(onnx_file: Path) -> None:
    teacher = teachers.load(str(onnx_file))
    (seen,) = teacher.observe([Image.new("RGB", (30, 20), (255, 51, 0))])
    assert seen.logits == pytest.approx([1, 0.2, 0], abs=1e-6)
    assert seen.features == pytest.approx([1, 0.2, 0], abs=1e-6)
    assert teachers.load(f"{onnx_file}?resize=9").key != teacher.key


def test_the_program_trains_and_tells_the_figures_of_its_file(
    folder: Path, onnx_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, file = onnx_file.with_name("held.txt"), onnx_file.with_name("weights.npz")
    held.write_text("1.jpg\n")
    options = {"--photos": folder, "--teacher-onnx": onnx_file, "--out": file, "--hold-back": held}
    options |= {"--store": onnx_file.with_name("store"), "--crops": 1, "--jobs": 1}
    words = [str(word) for option in options.items() for word in option]
    monkeypatch.setattr("signal.signal", lambda *_: None)
    told = []
    for passes in ("1", "0"):
        monkeypatch.setattr("sys.argv", ["train", *words, "--passes", passes])
        main()
        told.append([line for line in capsys.readouterr().out.splitlines() if "rank correlation" in line])
    assert told[0][0].startswith("1 photographs, 26 versions")
    assert told[0] == told[1]
    assert Student.read(file).kernels[0].shape == (24, 3, 7, 7)


def test_the_rank_correlation_is_of_ranks() -> None:
    one = np.array([1.0, 2.0, 3.0, 10.0])
    assert figures.rank_correlation(one, one**3) == pytest.approx(1)
    assert figures.rank_correlation(one, -one) == pytest.approx(-1)


def test_the_report_is_on_the_file(student: Student, learned: list[tables.Table]) -> None:
    lines = list(figures.report(student, learned[:2]))
    assert lines[0].startswith("2 photographs, 8 versions: rank correlation ")
    assert len(lines) == 2
