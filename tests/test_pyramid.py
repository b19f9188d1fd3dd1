"""SSIMULACRA2 with the original's half worked out once, held against the package."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from ssimulacra2 import compute_ssimulacra2

from conftest import photo
from semopt.pyramid import figure, scales


def file_of(image: Image.Image, kind: str, **options: int) -> BytesIO:
    file = BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("size", [(256, 256), (301, 257), (260, 399), (64, 48), (9, 9)])
def test_the_figure_is_the_packages(size: tuple[int, int]) -> None:
    original = photo(*size)
    half = scales(np.asarray(original))
    for quality in (5, 40, 75, 90):
        candidate = Image.open(file_of(original, "WEBP", quality=quality)).convert("RGB")
        theirs = compute_ssimulacra2(file_of(original, "PPM"), file_of(candidate, "PPM"))
        assert figure(half, np.asarray(candidate)) == pytest.approx(theirs, abs=0.02)


def test_channels_that_hardly_weigh_are_left_out() -> None:
    channels = [one.channels for one in scales(np.asarray(photo(256, 256)))]
    assert channels == [(1,), (0, 1), (0, 1), (0, 1, 2), (0, 1, 2), ()]
    assert [one.planes.shape for one in scales(np.asarray(photo(256, 256)))][:2] == [(1, 256, 256), (2, 128, 128)]


def test_the_same_image_has_100_and_a_flat_one_does_no_harm() -> None:
    image = np.asarray(photo(300, 200))
    assert figure(scales(image), image) == 100
    flat = np.full((64, 64, 3), 128, np.uint8)
    assert figure(scales(flat), flat) == 100
    assert 0 < figure(scales(flat), flat + 90) < 90


def test_the_originals_half_is_not_used_up() -> None:
    image, other = np.asarray(photo(80, 60)), np.asarray(photo(80, 60, 1))
    half = scales(image)
    assert figure(half, other) == figure(half, other) == figure(scales(image), other)
