"""SSIMULACRA2 with the original's half worked out once, held against the package."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from ssimulacra2 import compute_ssimulacra2
from ssimulacra2 import ssimulacra2 as package

from conftest import photo
from semopt.pyramid import BIAS, BLUE, CONES, PARTS, Part, figure, halves


def file_of(image: Image.Image, kind: str, **options: int) -> BytesIO:
    file = BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("size", [(256, 256), (301, 257), (260, 399)])
def test_the_figure_is_the_packages(size: tuple[int, int]) -> None:
    original = photo(*size)
    half = halves(np.asarray(original))
    for quality in (5, 40, 75, 90):
        candidate = Image.open(file_of(original, "WEBP", quality=quality)).convert("RGB")
        theirs = compute_ssimulacra2(file_of(original, "PPM"), file_of(candidate, "PPM"))
        assert figure(half, np.asarray(candidate)) == pytest.approx(theirs, abs=0.02)


def test_the_constants_are_the_packages_without_what_hardly_weighs() -> None:
    """Its weights lie by channel, scale, norm, and map: structure, added, lost."""
    known = {(part.channel, part.scale): part for part in PARTS}
    weights = iter(package.weights)
    for channel in range(3):
        for scale in range(6):
            part = known.get((channel, scale), Part(scale, channel))
            for norm in range(2):
                for ours in (part.structure, part.added, part.lost):
                    weight = next(weights)
                    assert ours[norm] == (weight if weight >= 0.01 else 0)
                    assert weight >= 0.01 or weight < 0.0025
    assert next(weights, None) is None
    assert np.ravel(CONES) == pytest.approx(package.kOpsinAbsorbanceMatrix, rel=1e-12)
    assert [*package.kOpsinAbsorbanceBias] == [BIAS] * 3


def test_only_what_is_weighed_is_worked_out() -> None:
    found = dict(zip(PARTS, halves(np.asarray(photo(256, 256))), strict=True))
    assert [(part.scale, part.channel) for part in PARTS] == sorted((part.scale, part.channel) for part in PARTS)
    assert [part.channel for part in PARTS if part.scale == 0] == [1]
    for part, half in found.items():
        assert half.plane.shape == half.mean.shape == (256 >> part.scale, 256 >> part.scale)
        assert (half.variance is None) is not any(part.structure)
        assert (half.edges is None) is not any((*part.added, *part.lost))
    assert max(part.scale for part in PARTS if part.channel == BLUE) == 4


def test_the_same_image_has_100_and_a_flat_one_does_no_harm() -> None:
    image = np.asarray(photo(300, 256))
    assert figure(halves(image), image) == 100
    flat = np.full((256, 256, 3), 128, np.uint8)
    assert figure(halves(flat), flat) == 100
    assert figure(halves(flat), flat + 90) < 0 < figure(halves(flat), flat + 20) < 90


def test_the_originals_half_is_not_used_up() -> None:
    image, other = np.asarray(photo(280, 260)), np.asarray(photo(280, 260, 1))
    half = halves(image)
    assert figure(half, other) == figure(half, other) == figure(halves(image), other)
