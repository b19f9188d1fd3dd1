"""The encoders that Pillow carries: WebP, AVIF, JPEG, PNG.

Pillow 13 wheels hold libwebp 1.6, libavif 1.4 with aom, libjpeg-turbo 3.2 and zlib-ng. Every setting that is not
quality is fixed here, and its number is part of the fingerprint.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from semopt.encoders.bleed import bled
from semopt.encoders.colour import FINE, SEEN, fine_colour
from semopt.types import ImageError, Metadata

if TYPE_CHECKING:
    from PIL import Image

JPEG_SEGMENT = 65_000  # a JPEG segment holds no larger blob; such metadata is left out there

Options = Callable[["Image.Image", int | None], dict[str, Any]]
"""The image and its quality to the keyword arguments of Pillow's `save`."""

LEAST_FULL = 50  # quality from which colour may keep its resolution: below it other losses are seen first
CLOSE = 80  # quality of an AVIF without alpha from which less fine colour is a reason too
MOST_FULL = (
    16_000_000  # pixels up to which it may: aom needs 36 MB a megapixel then, 43 with alpha, in place of 24 and 28
)

SHAPE = 60
"""Least quality of an AVIF's alpha: it is shape. With that of the colours letters fall to half their opacity while
SSIMULACRA2 stays over 80; and a soft shadow reaches the same figure with a quarter fewer bytes this way."""

_ROOM = Lock()


@dataclass(frozen=True, slots=True)
class PillowEncoder:
    """One row of the table; the fields are explained at `semopt.types.Encoder`.

    settings: raise it when `options` gives other bytes for the same pixels.
    """

    name: str
    suffix: str
    media_type: str
    support: int
    ladder: tuple[int, ...]
    lossless: bool
    alpha: bool
    max_side: int
    max_pixels: int
    options: Options
    codec: str
    settings: int = 1
    worst: int = 1
    best: int = 95

    def encode(self, image: Image.Image, quality: int | None, metadata: Metadata = Metadata()) -> bytes:
        """Encode an upright sRGB image of mode RGB, RGBA, L or LA. quality None is lossless. Raises ImageError."""
        if quality is None and not self.lossless:
            raise ImageError(f"{self.name} has no lossless mode")
        buffer = io.BytesIO()
        try:
            ready = self._prepared(image, quality)
            options = {**self.options(ready, quality), **self._carried(metadata)}
            with _room(ready) if self.name == "jpeg" else nullcontext():
                ready.save(buffer, self.name, **options)
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            raise ImageError(f"{self.name} cannot hold this image: {error}") from error
        return buffer.getvalue()

    def fingerprint(self) -> str:
        """Name, settings number and the versions of Pillow and of the codec inside it."""
        import PIL
        from PIL import features

        version = features.version_codec(self.codec) if self.codec in features.codecs else features.version(self.codec)
        return f"{self.name}:{self.settings}:pillow-{PIL.__version__}:{self.codec}-{version}"

    def _prepared(self, image: Image.Image, quality: int | None) -> Image.Image:
        """The image as it gives the smallest file that shows the same."""
        if not self.alpha and image.mode in ("RGBA", "LA"):
            raise ImageError(f"{self.name} has no transparency")
        if quality is not None:
            return bled(image)
        return _exact_palette(image) if self.name == "png" else image

    def _carried(self, metadata: Metadata) -> dict[str, Any]:
        """Metadata as arguments of `save`. PNG has no argument for XMP but a text chunk of a fixed name."""
        most = JPEG_SEGMENT if self.name == "jpeg" else None
        blobs = {"exif": metadata.exif, "xmp": metadata.xmp}
        carried: dict[str, Any] = {
            key: blob for key, blob in blobs.items() if blob and len(blob) <= (most or len(blob))
        }
        if self.name == "png" and "xmp" in carried:
            from PIL.PngImagePlugin import PngInfo

            text = PngInfo()
            text.add_itxt("XML:com.adobe.xmp", carried.pop("xmp").decode("utf-8", "replace"))
            carried["pnginfo"] = text
        return carried


@contextmanager
def _room(image: Image.Image) -> Iterator[None]:
    """Room for a whole JPEG, which libjpeg needs to optimise it and fails without.

    Pillow gives a byte a pixel; noise, and colour at full resolution, takes up to 3. The figure is Pillow's for all of
    the process: larger it does no harm to others, and whoever saves has read it.
    """
    from PIL import ImageFile

    with _ROOM:
        before = ImageFile.MAXBLOCK
        ImageFile.MAXBLOCK = max(before, 4 * image.width * image.height)
        try:
            yield
        finally:
            ImageFile.MAXBLOCK = before


def _exact_palette(image: Image.Image) -> Image.Image:
    """A palette image of the same pixels where an opaque image has at most 256 colours, else the image itself."""
    if image.mode != "RGB":
        return image
    colours = image.getcolors(256)
    if colours is None:
        return image
    from PIL import Image

    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for _, colour in sorted(colours, reverse=True) for channel in _triple(colour)])
    indexed = image.quantize(palette=palette, dither=Image.Dither.NONE)
    return indexed if indexed.convert("RGB").tobytes() == image.tobytes() else image


def _triple(colour: Any) -> tuple[int, int, int]:
    red, green, blue = colour
    return red, green, blue


def _webp(image: Image.Image, quality: int | None) -> dict[str, Any]:
    # Method 6 gives the smallest files and costs 4 ms at 128 px; on large images 4 is within 2 % at half the time. On
    # the alpha of a drawing of 386 by 395 px it spends 1.1 s, where 4 takes 17 ms for 2 % more.
    if quality is None:
        return {"lossless": True, "quality": 80, "method": 4, "exact": False}
    small = image.width * image.height <= 500_000
    return {"quality": quality, "method": 6 if small and image.mode not in ("RGBA", "LA") else 4}


def _avif(image: Image.Image, quality: int | None) -> dict[str, Any]:
    # aom's bytes depend on its thread count, so it is pinned.
    least = SEEN if image.mode == "RGBA" or (quality is not None and quality >= CLOSE) else FINE
    sampling = _sampling(image, quality, least)
    options = {"quality": quality, "speed": 6, "subsampling": sampling, "max_threads": 1}
    if image.mode in ("RGBA", "LA") and quality is not None and quality < SHAPE:
        return {**options, "advanced": {"alpha:cq-level": str(round((100 - SHAPE) * 0.63))}}  # as libavif scales it
    return options


def _jpeg(image: Image.Image, quality: int | None) -> dict[str, Any]:
    # Progressive headers cost 234 bytes: below about 40,000 pixels baseline is smaller.
    progressive, sampling = image.width * image.height > 40_000, _sampling(image, quality, FINE)
    return {"quality": quality, "optimize": True, "progressive": progressive, "subsampling": sampling}


def _sampling(image: Image.Image, quality: int | None, least: float) -> str:
    """Colour at full resolution where the image has at least so much fine colour to lose."""
    able = quality is not None and quality >= LEAST_FULL and image.width * image.height <= MOST_FULL
    return "4:4:4" if able and fine_colour(image) >= least else "4:2:0"


def _png(image: Image.Image, quality: int | None) -> dict[str, Any]:
    return {"optimize": True}


WEBP = PillowEncoder(
    "webp", ".webp", "image/webp", 1, (5, 15, 30, 50, 70, 85), True, True, 16_383, 2**28, _webp, "webp", 4
)
# AVIF's advanced profile ends at 35,651,584 pixels (AV1 level 6); aom needs 27 MB a megapixel on the way at 4:2:0.
AVIF = PillowEncoder(
    "avif", ".avif", "image/avif", 2, (15, 25, 35, 45, 60, 75), False, True, 16_384, 35_651_584, _avif, "avif", 5
)
JPEG = PillowEncoder(
    "jpeg", ".jpg", "image/jpeg", 0, (10, 20, 35, 50, 70, 85), False, False, 65_500, 2**31, _jpeg, "libjpeg_turbo", 3
)
PNG = PillowEncoder("png", ".png", "image/png", 0, (), True, True, 2**31 - 1, 2**31, _png, "zlib")
