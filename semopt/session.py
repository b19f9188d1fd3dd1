"""One image under search: answers the requests of a search with pixels and bytes."""

from __future__ import annotations

import errno
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from semopt.encoders import ENCODERS
from semopt.images import decode, flatten, metadata_for, resize, view
from semopt.types import Candidate, ImageError, Limits, Metadata, Source

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Opening:
    """What has to be known to open an image, here or again in another process. sha256: of the bytes planned for."""

    file: Path
    sha256: str
    limits: Limits
    background: tuple[int, int, int]
    metadata: Literal["strip", "copyright", "keep"]


class Session:
    """Pixels of one source, and every candidate made of them so far. Raises ImageError and KeptError."""

    def __init__(self, opening: Opening) -> None:
        content = opening.file.read_bytes()
        if hashlib.sha256(content).hexdigest() != opening.sha256:
            raise OSError(errno.ESTALE, "it changed during the build; build again")
        picture = decode(content, opening.limits)
        self._image = picture.image
        self._metadata: Metadata = metadata_for(picture, opening.metadata)
        self._background = opening.background
        self._encoded: dict[Candidate, bytes | None] = {}
        self._sized: dict[tuple[int, int, bool], Image.Image] = {}
        self._flat: Image.Image | None = None
        self.source = self._describe(picture.exact, len(content))

    @property
    def pixels(self) -> int:
        """Pixels held in memory for the source."""
        return self._image.width * self._image.height

    def _describe(self, exact: bool, size: int) -> Source:
        from semopt.graphics import is_graphic

        alpha = self._image.mode in ("RGBA", "LA")
        return Source(self._image.width, self._image.height, size, alpha, is_graphic(self._image), exact)

    def encode(self, candidates: Sequence[Candidate]) -> list[int | None]:
        """Bytes of each candidate, None where its encoder cannot hold it."""
        return [None if content is None else len(content) for content in map(self._content, candidates)]

    def views(self, candidates: Sequence[Candidate | None]) -> list[Image.Image]:
        """What judges are shown: RGB on the background, at most `images.VIEW_PX` px. None is the original."""
        return [view(self._pixels(candidate), self._background) for candidate in candidates]

    def measure(self, candidates: Sequence[Candidate], metric: str) -> list[float]:
        """The metric's figure for each, against the original at the candidate's size."""
        return [self._measured(candidate, metric) for candidate in candidates]

    def fetch(self, candidates: Sequence[Candidate]) -> list[bytes]:
        """The finished bytes of candidates that were encoded."""
        return [content for content in map(self._content, candidates) if content is not None]

    def _content(self, candidate: Candidate) -> bytes | None:
        if candidate not in self._encoded:
            encoder = ENCODERS[candidate.encoder]
            image = self._at(candidate.width, candidate.height, encoder.alpha)
            try:
                self._encoded[candidate] = encoder.encode(image, candidate.quality, self._metadata)
            except ImageError:
                self._encoded[candidate] = None
        return self._encoded[candidate]

    def _at(self, width: int, height: int, alpha: bool) -> Image.Image:
        """The original at a size, on the background where the format has no alpha."""
        if (width, height) == self._image.size:
            return self._image if alpha else self._flattened()
        key = (width, height, alpha)
        if key not in self._sized:
            self._sized[key] = resize(self._image if alpha else self._flattened(), (width, height))
        return self._sized[key]

    def _flattened(self) -> Image.Image:
        if self._flat is None:
            self._flat = flatten(self._image, self._background)
        return self._flat

    def _pixels(self, candidate: Candidate | None) -> Image.Image:
        return self._image if candidate is None else self._decoded(candidate)

    def _decoded(self, candidate: Candidate) -> Image.Image:
        """The candidate as a reader of the file will see it."""
        from PIL import Image

        content = self._content(candidate)
        if content is None:
            raise ImageError(f"{candidate.encoder} cannot hold this image")
        image = Image.open(io.BytesIO(content))
        image.load()
        return image

    def _measured(self, candidate: Candidate, metric: str) -> float:
        from semopt import perceptual

        if self._content(candidate) is None:
            return float("-inf")
        original = self._at(candidate.width, candidate.height, ENCODERS[candidate.encoder].alpha)
        if metric == "identical":
            return float(perceptual.identical(original, self._decoded(candidate)))
        return perceptual.ssimulacra2(original, self._decoded(candidate))
