"""Every mode that Pillow decodes to, made one of L, LA, RGB, RGBA or CMYK, with the right pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image

from semopt.types import KeptError

KEYED = {2: 85, 4: 17}
"""Pillow spreads grey samples of so many bits over 0..255 by this factor, but not the transparent one (Pillow 13)."""

PLAIN = {"1": "L", "La": "LA", "PA": "RGBA", "RGBX": "RGB", "RGBa": "RGBA", "YCbCr": "RGB"}
"""Modes that Pillow converts well."""

KINDS = {"F": "32-bit floating-point numbers", "I": "32-bit whole numbers", "LAB": "Lab colours", "HSV": "HSV colours"}
"""Those that are not converted, for people."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image of this EXIF orientation upright."""


def plain(image: Image.Image, depth: int) -> Image.Image:
    """A loaded image in mode L, LA, RGB, RGBA or CMYK, with its transparency. depth: bits a channel in the file.

    No pixels are copied where the mode is right already. Raises KeptError for LAB and for 32-bit samples, whose white
    nobody agreed on.
    """
    key = image.info.get("transparency")
    if image.mode.startswith("I;16"):
        return _from_16_bit(image, key)
    if image.mode in ("L", "1") and key is not None:
        return _keyed(image.convert("L"), int(key) * KEYED.get(depth, 1))
    if image.mode == "RGB" and key is not None:
        return _rgb_keyed(image, depth)
    if image.mode == "P":
        return image.convert("RGB" if key is None and not _palette_alpha(image) else "RGBA")
    if image.mode in PLAIN:
        return image.convert(PLAIN[image.mode])
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image._new(image.im)  # a plain image of the same pixels; copy() would double the memory
    raise KeptError(f"its pixels are {KINDS.get(image.mode, f'of the kind {image.mode}')}, which are not converted")


def without_idle_alpha(image: Image.Image) -> Image.Image:
    """The image without its alpha channel where no pixel lets the background through."""
    if image.mode not in ("LA", "RGBA") or image.getchannel("A").getextrema() != (255, 255):
        return image
    return image.convert(image.mode.removesuffix("A"))


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image turned as its EXIF orientation (1 to 8) asks."""
    turn = TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _palette_alpha(image: Image.Image) -> bool:
    return image.palette is not None and image.palette.mode == "RGBA"


def _from_16_bit(image: Image.Image, key: object) -> Image.Image:
    """16-bit grey by value / 257, rounded. Pillow's own convert() clips at 255: 99.6 % of a ramp turns white."""
    samples = np.asarray(image).astype(np.uint16, copy=False)  # the samples may be big-endian
    grey = Image.fromarray(((samples.astype(np.uint32) + 128) // 257).astype(np.uint8))
    if isinstance(key, int):
        grey.putalpha(Image.fromarray(np.where(samples == key, 0, 255).astype(np.uint8)))
    return grey


def _keyed(image: Image.Image, key: int) -> Image.Image:
    alpha = image.point([0 if level == key else 255 for level in range(256)])
    return Image.merge("LA", (image, alpha))


def _rgb_keyed(image: Image.Image, depth: int) -> Image.Image:
    if depth > 8:  # Pillow keeps the high bytes alone: other colours would turn transparent with the right one
        raise KeptError("16-bit colour with one transparent colour, which 8 bits cannot tell from its neighbours")
    return image.convert("RGBA")
