"""A source file's bytes to upright sRGB pixels, or a sentence that says why not."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, ImageFile, MpoImagePlugin, UnidentifiedImageError

from semopt.images import colour, container, metadata, pixels
from semopt.types import ImageError, KeptError, Limits, SemoptError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
"""What is decoded, by content, whatever the file's name. The list keeps EPS from Ghostscript, among others."""

MOST_SCANNED = 20_000_000_000
"""Pixels that a JPEG may go over in all its scans: 10 s. An image has some ten scans; 340 kB can ask for 10,000."""

GAIN_MAPS = (b"hdrgm:Version", b"urn:iso:std:iso:ts:21496:-1", b"ns.apple.com/HDRGainMap")
"""How a JPEG file says that a second picture in it makes the first one HDR."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded source. image: upright sRGB, mode L (grey) or RGB, with alpha LA or RGBA; its `info` is empty.

    alpha: at least one pixel is not opaque; without such a pixel there is no alpha channel. exact: the pixels are the
    file's own, so that a lossless copy loses nothing; False where 16 bits or other colours were converted.
    """

    image: Image.Image
    format: str
    exact: bool
    blobs: metadata.Blobs = field(default_factory=metadata.Blobs)

    @property
    def width(self) -> int:
        """Upright px."""
        return self.image.width

    @property
    def height(self) -> int:
        """Upright px."""
        return self.image.height

    @property
    def alpha(self) -> bool:
        """Whether some pixel lets the background through."""
        return self.image.mode in ("LA", "RGBA")


def decode(content: bytes, limits: Limits = Limits()) -> Picture:
    """Decode a whole file. Raises ImageError (broken, foreign, over a limit) or KeptError (best left as it is)."""
    if len(content) > limits.max_bytes:
        raise ImageError(f"{_size(len(content))} are more than limits.max_bytes allows ({_size(limits.max_bytes)})")
    if container.kind(content) is None:
        raise ImageError(container.stranger(content))
    try:
        with _undisturbed(limits.max_pixels):
            return _decode(content, limits)
    except SemoptError:
        raise
    except Exception as error:  # Pillow raised seven classes beside OSError over 20,324 hostile files
        raise ImageError(_fault(content, error, limits)) from error


def _decode(content: bytes, limits: Limits) -> Picture:
    source = Image.open(BytesIO(content), formats=FORMATS)
    name, facts, icc = source.format or "", container.facts(content), source.info.get("icc_profile")
    _check_pixels(source, limits)
    _check_scans(source, content)
    _check_single(source, content, limits)
    colour.check(facts, icc)
    source.load()
    depth = _tiff_depth(source) if name == "TIFF" else facts.depth
    blobs, exact = metadata.blobs_of(source), depth <= 8 and source.mode not in ("CMYK", "YCbCr", "RGBa", "La")
    turn = 1 if name == "TIFF" else metadata.orientation(blobs.exif)  # Pillow turns TIFF by itself
    image = pixels.plain(source, depth)
    del source  # here and below: a 50-megapixel image is 200 MB, and each step may copy it
    image, same = colour.to_srgb(image, icc, facts.gamma)
    image = pixels.without_idle_alpha(image)
    image = pixels.upright(image, turn)
    image.info = {}
    return Picture(image, "JPEG" if name == "MPO" else name, exact and same, blobs)


def _check_pixels(source: Image.Image, limits: Limits) -> None:
    count = source.width * source.height
    if count > limits.max_pixels:
        raise ImageError(f"{source.width} x {source.height} px are {_too_many(limits)}")


def _too_many(limits: Limits) -> str:
    return f"more than limits.max_pixels allows ({limits.max_pixels / 1e6:g} megapixels)"


def _check_scans(source: Image.Image, content: bytes) -> None:
    scans = container.scans(content)
    if source.width * source.height * scans > MOST_SCANNED:
        raise ImageError(f"its {source.width} x {source.height} px come in {scans:,} scans, as in a bomb")


def _check_single(source: ImageFile.ImageFile, content: bytes, limits: Limits) -> None:
    """Raise KeptError for files with more in them than one picture, which a variant would lose.

    Raises ImageError where there are more frames than the limit.
    """
    if any(mark in segment for _, segment in getattr(source, "applist", ()) for mark in GAIN_MAPS):
        raise KeptError("it holds an HDR gain map, which would be lost")
    frames = _frames(source, content)
    if limits.max_frames is not None and frames > limits.max_frames:
        raise ImageError(f"has {frames} frames, over limits.max_frames ({limits.max_frames})")
    if isinstance(source, MpoImagePlugin.MpoImageFile):
        if not _only_previews(source):
            raise KeptError(f"it holds {frames} pictures (stereo, depth or an HDR gain map), all but one would be lost")
    elif frames > 1:
        raise KeptError(f"{frames} pages" if source.format == "TIFF" else f"animated ({frames} frames)")


def _frames(source: ImageFile.ImageFile, content: bytes) -> int:
    if source.format == "TIFF":
        return container.pages(content)
    return int(getattr(source, "n_frames", 1)) if getattr(source, "is_animated", False) else 1


def _only_previews(source: MpoImagePlugin.MpoImageFile) -> bool:
    """Whether the other pictures are smaller copies that cameras add, by their type in the multi-picture index."""
    entries = (source.mpinfo or {}).get(0xB002, [])
    return all(entry["Attribute"]["MPType"].startswith("Large Thumbnail") for entry in entries[1:])


def _tiff_depth(source: Image.Image) -> int:
    tags = getattr(source, "tag_v2", {})
    return max((int(bits) for bits in tags.get(258, ())), default=8)


# --- Pillow's own alarms ----------------------------------------------------------------------------------------

_lock = threading.Lock()
_inside = 0
_quiet = warnings.catch_warnings()
_pillow_limit: int | None = None


@contextmanager
def _undisturbed(max_pixels: int) -> Iterator[None]:
    """Pillow without its warnings, and with no pixel limit below ours, as long as any thread is in here.

    catch_warnings alone is not safe with threads: two that overlap can leave the filter in place for ever. So the
    first one in saves the state of the process and the last one out restores it.
    """
    _enter(max_pixels)
    try:
        yield
    finally:
        _leave()


def _enter(max_pixels: int) -> None:
    global _inside, _quiet, _pillow_limit
    with _lock:
        if _inside == 0:
            _pillow_limit = Image.MAX_IMAGE_PIXELS
            _quiet = warnings.catch_warnings()
            _quiet.__enter__()
            warnings.filterwarnings("ignore", module=r"PIL\.")
        if Image.MAX_IMAGE_PIXELS is not None:
            Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, max_pixels)
        _inside += 1


def _leave() -> None:
    global _inside
    with _lock:
        _inside -= 1
        if _inside == 0:
            _quiet.__exit__(None, None, None)
            Image.MAX_IMAGE_PIXELS = _pillow_limit


# --- sentences --------------------------------------------------------------------------------------------------


def _fault(content: bytes, error: Exception, limits: Limits) -> str:
    """What is wrong with a file that Pillow gave up on. The same text each time: no addresses in it."""
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode it"
    if isinstance(error, Image.DecompressionBombError):
        return f"its pixels are {_too_many(limits)}"
    if "MAX_TEXT" in str(error):
        return "a text or colour profile in it unpacks to megabytes, as in a decompression bomb"
    early, declared = container.missing(content)
    if early and declared:
        found, wanted = _size(len(content)), _size(declared)
        return f"truncated after {found} of {wanted}" if found != wanted else "truncated: the last bytes are missing"
    if early:
        return f"truncated: the data ends after {_size(len(content))}"
    if "truncated" in str(error).lower():
        return f"truncated or damaged: its {_size(len(content))} do not hold all of its pixels"
    if isinstance(error, UnidentifiedImageError):
        return f"damaged: its {container.kind(content)} header cannot be read"
    text = re.sub(r"[^\x20-\x7e]+|<[^>]*>| at 0x[0-9a-f]+", " ", str(error))
    said = f": {text.strip()[:100]}" if text.strip() else ""
    return f"damaged: its pixels cannot be decoded ({type(error).__name__}{said})"


def _size(count: int) -> str:
    """Bytes for people."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f} MB"
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} bytes"
