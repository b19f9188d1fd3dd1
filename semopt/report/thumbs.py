"""Small pictures of originals as data URIs, kept by content so that the next report decodes nothing."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from PIL import Image

from semopt import regular
from semopt.atomic import digest, replace_whole
from semopt.images import colour, decode, metadata, pixels
from semopt.types import Limits, SemoptError

NAME = "thumbs.json"
FORMAT = 2  # of what is kept: since 2 with transparency
BOX = (112, 84)  # px; 5,000 of these are 7 MB of page
QUALITY = 50
THREADS = 4
_URI = re.compile(r"data:image/webp;base64,[A-Za-z0-9+/]+=*")


class Thumbs:
    """A store in a folder of semopt's own; written when the block ends, where something is new."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._file, self._limits = folder / NAME, limits
        self._known = self._before = self._read()

    def __enter__(self) -> Thumbs:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: TracebackType | BaseException | None) -> None:
        if kind is None and self._known != self._before and self._file.parent.is_dir():
            with suppress(OSError):  # the next report is slower then
                kept = {"format": FORMAT, **self._known}
                replace_whole(self._file, json.dumps(kept, sort_keys=True).encode("ascii"))

    def of(self, files: Mapping[str, Path]) -> Mapping[str, str]:
        """Data URIs by sha256 of the original; those that cannot be decoded are left out. Others are forgotten."""
        missing = {sha256: file for sha256, file in files.items() if sha256 not in self._known}
        with ThreadPoolExecutor(THREADS) as threads:
            made = dict(zip(missing, threads.map(self._made, missing, missing.values()), strict=True))
        known = {sha256: uri for sha256, uri in self._known.items() if sha256 in files}
        self._known = known | {sha256: uri for sha256, uri in made.items() if uri}
        return self._known

    def _made(self, sha256: str, file: Path) -> str | None:
        try:
            content = regular.read(file)
            return thumb(content, self._limits) if digest(content) == sha256 else None
        except (SemoptError, OSError):
            return None

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(regular.read(self._file))
            if known.get("format") != FORMAT:
                return {}
            return {key: uri for key, uri in known.items() if isinstance(uri, str) and _URI.fullmatch(uri)}
        except (OSError, ValueError, AttributeError, RecursionError):
            return {}


def thumb(content: bytes, limits: Limits) -> str:
    """A WebP of at most `BOX` as a data URI, upright, in sRGB, with its alpha. Raises ImageError and KeptError."""
    image = _reduced(content, limits) or decode(content, limits).image
    image = image.convert("RGBA" if image.mode in ("LA", "RGBA") else "RGB")
    image.thumbnail(BOX, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _reduced(content: bytes, limits: Limits) -> Image.Image | None:
    """A JPEG decoded at an eighth or so of its size, which takes a tenth of the time; None for anything else."""
    try:
        source = Image.open(io.BytesIO(content), formats=("JPEG",))
        if source.mode not in ("L", "RGB") or source.width * source.height > limits.max_pixels:
            return None
        icc, turn = source.info.get("icc_profile"), metadata.orientation(metadata.blobs_of(source).exif)
        source.draft(None, (2 * BOX[0], 2 * BOX[1]))
        image, _ = colour.to_srgb(pixels.plain(source, 8), icc)
        return pixels.upright(image, turn)
    except Exception:  # whatever is wrong, the careful way says it
        return None
