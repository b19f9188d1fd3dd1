"""Colours to sRGB."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from semopt.images.container import Facts
from semopt.types import KeptError

INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
"""Colours that sRGB can show stay exact, and shadows keep their steps: Photoshop's default. The perceptual
intent is a matter of taste of each profile, and the same for profiles without tables, which most are."""

SAME = 2
"""Levels of 255 by which a profile may differ from sRGB anywhere and still count as sRGB. Measured on 729 colours:
sRGB IEC61966-2.1 differs from lcms's own by 1 at most, Display P3 by 96, Rec. 2020 by 159."""

SDR_PRIMARIES = {1, 2, 5, 6, 7}
SDR_TRANSFERS = {0, 1, 2, 4, 5, 6, 13, 14, 15}
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
"""Code points of ITU-T H.273. BT.601 and BT.709 count as sRGB, as in browsers."""

SRGB_GAMMA = (0.42, 0.49)
"""PNG gAMA values that say no more than sRGB (0.45455)."""

MEANT_GAMMA = (0.1, 5.0)
"""PNG gAMA values beyond these are mistakes of the writer, as 0 is, and are not heeded."""

_STEPS = np.linspace(0, 255, 9).round().astype(np.uint8)
_PROBE = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS, indexing="ij"), -1).reshape(27, 27, 3)
"""729 colours, spread over the cube."""


def check(facts: Facts, icc: bytes | None) -> None:
    """Raise KeptError where the file says that its colours are not sRGB, and not by a profile."""
    primaries, transfer = facts.cicp or (2, 2)
    if transfer in HDR_TRANSFERS:
        raise KeptError(f"its colours are HDR ({HDR_TRANSFERS[transfer]}), which would be lost")
    if not icc and (primaries not in SDR_PRIMARIES or transfer not in SDR_TRANSFERS):
        raise KeptError(f"its colours are not sRGB (code points {primaries}, {transfer}) and it has no profile")


def to_srgb(image: Image.Image, icc: bytes | None, gamma: float | None = None) -> tuple[Image.Image, bool]:
    """The image in sRGB and whether its pixels are the very ones that came in. L, LA, RGB, RGBA or CMYK to the same
    or, for CMYK, to RGB; RGB and RGBA are changed in place. Raises KeptError: no profile for CMYK, damaged or unfit.
    """
    if not icc:
        if image.mode == "CMYK":
            raise KeptError("CMYK without a colour profile")
        return _from_gamma(image, gamma)
    try:
        return _convert(image, icc)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        raise KeptError("its colour profile is damaged") from error


def _convert(image: Image.Image, icc: bytes) -> tuple[Image.Image, bool]:
    profile = ImageCms.ImageCmsProfile(BytesIO(icc))
    space = profile.profile.xcolor_space.strip()
    if space == "CMYK" and image.mode == "CMYK":
        return _apply(image, profile, "RGB"), False
    if space == "GRAY" and image.mode in ("L", "LA"):
        return _grey(image, _apply(Image.linear_gradient("L"), profile, "RGB"))
    if space == "RGB" and image.mode in ("L", "LA"):
        return _grey(image, _apply(Image.linear_gradient("L").convert("RGB"), profile, "RGB"))
    if space == "RGB" and image.mode in ("RGB", "RGBA"):
        return _rgb(image, profile)
    raise KeptError(f"its colour profile is for {space}, its pixels are {image.mode}")


def _transform(profile: ImageCms.ImageCmsProfile, before: str, after: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), before, after, INTENT, FLAGS)


def _apply(image: Image.Image, profile: ImageCms.ImageCmsProfile, mode: str) -> Image.Image:
    turned = ImageCms.applyTransform(image, _transform(profile, image.mode, mode))
    assert turned is not None
    return turned


def _rgb(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> tuple[Image.Image, bool]:
    seen = np.asarray(_apply(Image.fromarray(_PROBE), profile, "RGB"))
    if np.abs(seen.astype(int) - _PROBE).max() <= SAME:
        return image, True
    ImageCms.applyTransform(image, _transform(profile, image.mode, image.mode), inPlace=True)
    return image, False


def _grey(image: Image.Image, ramp: Image.Image) -> tuple[Image.Image, bool]:
    """Greys stay grey, so a table of 256 values does it. ramp: what becomes of 0 to 255, a row each, RGB."""
    table = [int(level) for level in np.asarray(ramp)[:, 0, 1]]
    if max(abs(level - index) for index, level in enumerate(table)) <= SAME:
        return image, True
    return _by_table(image, table), False


def _from_gamma(image: Image.Image, gamma: float | None) -> tuple[Image.Image, bool]:
    """PNG gAMA, which browsers heed; a gamma of 1 shown as if it were sRGB is dark."""
    if gamma is None or SRGB_GAMMA[0] <= gamma <= SRGB_GAMMA[1] or not MEANT_GAMMA[0] <= gamma <= MEANT_GAMMA[1]:
        return image, True
    light = (np.arange(256) / 255) ** (1 / gamma)
    srgb = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    table = [int(level) for level in (255 * srgb).round()]
    seen = (image.getchannel(band).histogram() for band in image.getbands() if band != "A")
    if all(not count or table[level] == level for counts in seen for level, count in enumerate(counts)):
        return image, True  # all is black or white
    return _by_table(image, table), False


def _by_table(image: Image.Image, table: list[int]) -> Image.Image:
    """Each colour channel through a table of 256 levels; alpha as it is."""
    bands = image.getbands()
    return image.point([level for band in bands for level in (range(256) if band == "A" else table)])
