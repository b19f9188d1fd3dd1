"""From decoded pixels to other sizes, and to what judges are shown."""

from __future__ import annotations

from PIL import Image

VIEW_PX = 1024
"""Longest side that judges are shown. No network of the trade looks at more than 600 px."""

GAP = 3.0
"""Before the filter, whole blocks are averaged down to this many times the wanted size."""


def view(
    image: Image.Image, background: tuple[int, int, int] = (255, 255, 255), pixels: int | None = None
) -> Image.Image:
    """What judges are shown, of originals and variants alike: RGB on the background.

    pixels: of which there are no more. None: no side above `VIEW_PX`.
    """
    share = VIEW_PX / max(image.size) if pixels is None else (pixels / (image.width * image.height)) ** 0.5
    if share < 1:
        image = resize(image, (max(1, round(image.width * share)), max(1, round(image.height * share))))
    return flatten(image, background)


def resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image at (width, height) px by Lanczos; the image itself where it has that size.

    Pillow multiplies by alpha before it filters, so colours under transparency do not bleed into edges.
    """
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=GAP)


def flatten(image: Image.Image, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The image as RGB, what is transparent showing the background."""
    if image.mode in ("RGBA", "LA"):
        canvas = Image.new("RGBA", image.size, (*background, 255))
        canvas.alpha_composite(image.convert("RGBA"))
        image = canvas
    return image if image.mode == "RGB" else image.convert("RGB")
