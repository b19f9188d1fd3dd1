"""Drawings told from photographs; both are made here."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from semopt.graphics import ROW_PX, is_graphic


def photograph(width: int = 480, height: int = 320, seed: int = 1) -> Image.Image:
    """Noise at every scale, as in nature, and a camera's grain."""
    rng = np.random.default_rng(seed)
    scene = np.zeros((height, width, 3))
    for step in (4, 8, 16, 32, 64):
        part = rng.normal(128, 10 * step**0.5, (height // step + 2, width // step + 2, 3)).clip(0, 255).astype(np.uint8)
        scene += np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BICUBIC)).astype(float) - 128
    return Image.fromarray((128 + scene * 0.6 + rng.normal(0, 3, scene.shape)).clip(0, 255).astype(np.uint8))


def screenshot(width: int = 800, height: int = 600) -> Image.Image:
    """A bar, a side panel, and lines of text on white."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, 48), fill="#24292f")
    draw.rectangle((0, 48, 180, height), fill="#f6f8fa", outline="#d0d7de")
    for y in range(64, height - 20, 16):
        draw.text((12, y), "navigation item", fill="#57606a")
        draw.text((200, y), "def search(problem): return " * 4, fill="#1f2328")
    return image


def logo() -> Image.Image:
    """Antialiased shapes on transparency."""
    image = Image.new("RGBA", (1024, 1024))
    draw = ImageDraw.Draw(image)
    draw.ellipse((100, 100, 900, 900), fill="#e34c26")
    draw.polygon([(512, 200), (800, 800), (224, 800)], fill="#ffffff")
    return image.resize((256, 256), Image.Resampling.LANCZOS)


def chart() -> Image.Image:
    image = Image.new("L", (500, 300), 255)
    draw = ImageDraw.Draw(image)
    for index in range(12):
        draw.rectangle((20 + index * 40, 280 - index * 20, 45 + index * 40, 280), fill=60 + index * 10)
    return image


def with_photograph() -> Image.Image:
    image = screenshot()
    image.paste(photograph(200, 140), (500, 100))
    return image


def on_white() -> Image.Image:
    """A photograph of a thing cut out on white: soft rim, shading, grain."""
    mask = Image.new("L", (480, 320))
    ImageDraw.Draw(mask).ellipse((60, 30, 420, 290), fill=255)
    white = Image.new("RGB", (480, 320), "white")
    return Image.composite(photograph(), white, mask.filter(ImageFilter.GaussianBlur(2)))


def night() -> Image.Image:
    return photograph().point([level // 6 for level in range(256)] * 3)


def sky() -> Image.Image:
    """Nearly nothing but a gradient and grain."""
    ramp = np.linspace(90, 220, 640)[:, None] * np.array([0.6, 0.8, 1.0])
    grain = np.random.default_rng(3).normal(0, 1.5, (400, 640, 3))
    return Image.fromarray((ramp[None] + grain).clip(0, 255).astype(np.uint8))


def enlarged() -> Image.Image:
    return photograph().resize((2400, 1600), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=quality)
    return Image.open(file)


DRAWINGS = [screenshot, logo, chart, with_photograph]
PHOTOGRAPHS = [photograph, on_white, night, sky, enlarged]


@pytest.mark.parametrize("make", DRAWINGS)
def test_drawings(make: Callable[[], Image.Image]) -> None:
    assert is_graphic(make())


@pytest.mark.parametrize("make", [screenshot, chart])
@pytest.mark.parametrize("quality", [75, 90])
def test_drawings_saved_as_jpeg(make: Callable[[], Image.Image], quality: int) -> None:
    assert is_graphic(jpeg(make(), quality))


@pytest.mark.parametrize("make", PHOTOGRAPHS)
def test_photographs(make: Callable[[], Image.Image]) -> None:
    assert not is_graphic(make())
    assert not is_graphic(jpeg(make(), 80))
    assert not is_graphic(make().convert("L"))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2), (ROW_PX + 1, 3)])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_any_size_has_an_answer(size: tuple[int, int], mode: str) -> None:
    assert is_graphic(Image.new(mode, size)) is True  # one colour


def test_the_whole_width_counts() -> None:
    wide = Image.new("RGB", (4000, 64), "white")
    wide.paste(photograph(3000, 64), (1000, 0))
    assert not is_graphic(wide)
