"""The figures of SSIMULACRA2 and equality."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semopt.perceptual import TILE, TILES, identical, sample, ssimulacra2, tiles


def texture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth hills with some grain: something a codec can harm."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8))
    hills = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray(np.clip(hills + rng.integers(-6, 7, hills.shape), 0, 255).astype(np.uint8))


def harmed(image: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 9), (64, 64), (320, 200)])
def test_the_same_image_has_100(size: tuple[int, int]) -> None:
    image = texture(*size)
    assert ssimulacra2(sample(image), image.copy()) == pytest.approx(100)


@pytest.mark.parametrize("size", [(8, 8), (24, 24), (112, 80), (320, 240), (1000, 600)])
def test_worse_has_less_at_any_size(size: tuple[int, int]) -> None:
    image = texture(*size)
    figures = [ssimulacra2(sample(image), harmed(image, quality)) for quality in (10, 50, 95)]
    assert figures == sorted(figures)
    assert figures[0] < 60 < figures[2]


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match="sizes differ"):
        ssimulacra2(sample(texture(8, 8)), texture(8, 9))


def test_the_worse_of_two_backgrounds_counts() -> None:
    clear, grey = Image.new("RGBA", (64, 64), (0, 0, 0, 0)), Image.new("RGBA", (64, 64), (230, 230, 230, 255))
    assert ssimulacra2(sample(clear), grey) < 50  # the same on light, not on dark
    assert ssimulacra2(sample(grey), grey.convert("RGB")) == pytest.approx(100)


@pytest.mark.parametrize(
    "size", [(640, 614), (700, 700), (511, 800), (200, 4000), (4000, 200), (3000, 2000), (1, 500_000)]
)
def test_tiles_are_few_whole_and_inside(size: tuple[int, int]) -> None:
    boxes = tiles(Image.new("L", size))
    area = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    assert area <= TILES * TILE**2
    assert len(set(boxes)) == len(boxes)
    assert all(0 <= left < right <= size[0] and 0 <= top < bottom <= size[1] for left, top, right, bottom in boxes)
    assert boxes == tiles(Image.new("L", size))


def test_half_of_the_tiles_go_where_detail_is() -> None:
    image = Image.new("RGB", (2048, 2048), "grey")
    image.paste(texture(256, 256), (1792, 0))
    assert (1792, 0, 2048, 256) in tiles(image)


CLEAR_RED, CLEAR_BLUE = (255, 0, 0, 0), (0, 0, 255, 0)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (("RGB", (1, 2, 3)), ("RGB", (1, 2, 3)), True),
        (("RGB", (1, 2, 3)), ("RGB", (1, 2, 4)), False),
        (("L", 7), ("RGB", (7, 7, 7)), True),
        (("RGB", (1, 2, 3)), ("RGBA", (1, 2, 3, 255)), True),
        (("RGB", (1, 2, 3)), ("RGBA", (1, 2, 3, 254)), False),
        (("RGBA", CLEAR_RED), ("RGBA", CLEAR_BLUE), True),
        (("RGBA", (255, 0, 0, 1)), ("RGBA", (0, 0, 255, 1)), False),
        (("LA", (9, 128)), ("RGBA", (9, 9, 9, 128)), True),
    ],
)
def test_identical(a: tuple[str, Any], b: tuple[str, Any], same: bool) -> None:
    first, second = (Image.new(mode, (5, 4), colour) for mode, colour in (a, b))
    assert identical(first, second) is same


def test_identical_sees_the_last_pixel_of_a_large_image() -> None:
    image = Image.new("L", (5000, 2000))
    other = image.copy()
    other.putpixel((4999, 1999), 1)
    assert identical(image, image.copy())
    assert not identical(image, other)
    assert not identical(image, image.crop((0, 0, 5000, 1999)))


def test_hidden_colours_do_not_draw_the_tiles() -> None:
    image = Image.new("RGBA", (1200, 1200), (0, 0, 0, 0))
    image.paste(texture(200, 200).convert("RGBA"), (40, 900))
    noisy = np.array(image)
    hidden = noisy[..., 3] == 0
    noisy[hidden, :3] = np.random.default_rng(0).integers(0, 256, (hidden.sum(), 3))
    found = tiles(Image.fromarray(noisy))
    assert found == tiles(image)
    assert any(left < 240 and right > 40 and top < 1100 and bottom > 900 for left, top, right, bottom in found)
