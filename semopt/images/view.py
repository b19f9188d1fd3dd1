"""From decoded pixels to other sizes, and to what judges are shown."""

from __future__ import annotations

from PIL import Image

from semopt.types import Look

VIEW_PX = 1024
"""Longest side that judges are shown. No network of the trade looks at more than 600 px."""

GAP = 3.0
"""Before the filter, whole blocks are averaged down to this many times the wanted size."""


def view(
    image: Image.Image, background: tuple[int, int, int] = (255, 255, 255), pixels: int | None = None
) -> Image.Image:
    """What judges are shown, of originals and variants alike: RGB on the background, of a size as in `view_size`."""
    return flatten(resize(image, view_size(image.size, pixels)), background)


def view_size(size: tuple[int, int], pixels: int | None = None) -> tuple[int, int]:
    """Width and height in px of the view of an image of this size.

    pixels: of which there are no more. None: no side above `VIEW_PX`.
    """
    share = VIEW_PX / max(size) if pixels is None else (pixels / (size[0] * size[1])) ** 0.5
    if share >= 1:
        return size
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


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


SHIFT = 0.04
"""Share of width and height that a shifted look leaves out on the left and at the top."""

RESAMPLED = 0.75
"""Size of a resampled look, as a share of the original's view: other than the original's own, so that it too is
scaled once more."""


def altered(image: Image.Image, look: Look, size: tuple[int, int]) -> Image.Image:
    """A view as one of the looks has it. size: (width, height) px of the original's view, whatever the image's own.

    The shift is rounded to whole px of the image, so no other filter gets into it.
    """
    if look == "mirror":
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if look == "shift":
        return image.crop((round(image.width * SHIFT), round(image.height * SHIFT), *image.size))
    if look == "resample":
        side = max(1, round(size[0] * RESAMPLED)), max(1, round(size[1] * RESAMPLED))
        return image.resize(side, Image.Resampling.BICUBIC)
    return image
