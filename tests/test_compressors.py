"""The post's compressors, with evaluators that are plain functions, and its evaluator with a small network."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import semopt
from conftest import encoded, photo
from semopt import Compressor, JPEGCompressor, ResizeCompressor
from semopt.types import EvaluatorError


def always(image: Image.Image) -> str:
    return "cat"


def large(image: Image.Image) -> bool:
    return image.width >= 100


class Coarser(Compressor):
    """One of the user's own: fewer bits a channel each step."""

    def iteration(self, image: Image.Image) -> Image.Image:
        return image.point([level // 2 for level in range(256)] * 3)


def test_importing_semopt_loads_nothing_heavy() -> None:
    script = (
        "import sys, semopt; assert not {'torch', 'numpy', 'PIL', 'semopt.compressors'} & set(sys.modules);"
        "assert semopt.ResizeCompressor.__name__ in semopt.__all__; assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Compresor'"):
        semopt.Compresor  # type: ignore[attr-defined]  # noqa: B018
    assert all(getattr(semopt, name) for name in semopt.__all__)


def test_resize_gives_the_last_image_before_the_answer_changes() -> None:
    given = photo(200, 150)
    small = ResizeCompressor(large)(given)
    assert small.width >= 100 > ResizeCompressor(always).iteration(small).width
    assert given.size == (200, 150)


def test_a_step_is_ten_pixels_in_both_directions_in_the_same_proportions() -> None:
    step = ResizeCompressor(always).iteration
    assert step(photo(200, 150)).size == (187, 140)
    assert step(photo(100, 100)).size == (90, 90)
    assert step(photo(300, 12)).size == (50, 2)


@pytest.mark.parametrize("size", [(1, 1), (9, 4), (57, 23), (1, 64), (64, 1)])
def test_resize_stops_at_one_pixel(size: tuple[int, int]) -> None:
    assert ResizeCompressor(always)(photo(*size)).size == (1, 1)


def test_jpeg_repeats_for_a_seed_and_differs_between_seeds() -> None:
    given = photo(90, 60)
    compress = JPEGCompressor(always, seed=3)
    first = compress(given)
    assert compress(given).tobytes() == first.tobytes() == JPEGCompressor(always, seed=3)(given).tobytes()
    assert JPEGCompressor(always, seed=4)(given).tobytes() != first.tobytes()
    assert first.size == given.size


def test_jpeg_damage_accumulates_until_the_answer_changes() -> None:
    given = photo(90, 60)
    seen: list[Image.Image] = []

    def four(image: Image.Image) -> bool:
        seen.append(image)
        return len(seen) <= 4

    last = JPEGCompressor(four)(given)
    assert last is seen[3]
    assert len({image.tobytes() for image in seen}) == 5


def test_what_jpeg_gives_carries_its_file() -> None:
    last = JPEGCompressor(always)(photo(90, 60))
    assert Image.open(io.BytesIO(last.info["file"])).tobytes() == last.tobytes()


def test_jpeg_ends_where_nothing_changes_any_more_or_after_its_steps() -> None:
    shown = [0, 0]

    def counting(image: Image.Image) -> None:
        shown[image.width > 20] += 1

    JPEGCompressor(counting)(Image.new("RGB", (16, 16), (128, 128, 128)))
    JPEGCompressor(counting)(photo(90, 60))
    assert shown[0] == 1
    assert 20 < shown[1] <= 101


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK"])
@pytest.mark.parametrize("kind", [ResizeCompressor, JPEGCompressor])
def test_any_mode_is_taken(kind: Any, mode: str) -> None:
    assert kind(always)(photo(30, 20).convert(mode)).width <= 30


def test_an_image_is_turned_upright_first() -> None:
    exif = Image.Exif()
    exif[274] = 6
    turned = Image.open(io.BytesIO(encoded(photo(60, 30), exif=exif)))
    assert JPEGCompressor(always)(turned).size == (30, 60)


def test_a_compressor_of_ones_own_is_one_method() -> None:
    dark = Coarser(lambda image: max(image.getextrema()[0]) > 10)(photo(30, 20))  # type: ignore[type-var,index]
    assert max(dark.getextrema()[0]) > 10  # type: ignore[type-var,index]
    black = Coarser(always)(photo(30, 20))
    assert black.getextrema() == ((0, 0),) * 3
    with pytest.raises(TypeError):
        Compressor(always)  # type: ignore[abstract]


def test_the_evaluator_names_the_class_of_any_image(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs semopt[torch]")
    from semopt.evaluators.operators import import_torchvision

    torch.manual_seed(0)
    file = tmp_path / "small.pth"
    torch.save(import_torchvision().models.squeezenet1_1(weights=None).state_dict(), file)
    evaluator = semopt.Evaluator("squeezenet1_1", weights=file)
    named = evaluator(photo(90, 60))
    assert named
    assert (
        named == evaluator(photo(90, 60).convert("RGBA")) == semopt.Evaluator("squeezenet1_1", str(file))(photo(90, 60))
    )
    small = ResizeCompressor(evaluator)(photo(90, 60))
    assert evaluator(small) == named


def test_the_evaluator_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(EvaluatorError, match="expected a classification network of torchvision, found 'resnet153'"):
        semopt.Evaluator("resnet153")
    with pytest.raises(EvaluatorError, match=r"cannot read .*none\.pth"):
        semopt.Evaluator("squeezenet1_1", weights=tmp_path / "none.pth")
    with pytest.raises(EvaluatorError, match="'NEWEST' is no entry of"):
        semopt.Evaluator("squeezenet1_1", weights="NEWEST")
