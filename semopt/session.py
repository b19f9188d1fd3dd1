"""One image under search: answers the requests of a search with pixels and bytes."""

from __future__ import annotations

import errno
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from PIL import Image

from semopt import perceptual, regular
from semopt.encoders import ENCODERS
from semopt.graphics import is_graphic
from semopt.images import Picture, altered, decode, flatten, metadata_for, resize, view, view_size
from semopt.types import Candidate, Canvas, ImageError, Limits, Look, Metadata, Source, Task, ViewSize

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Opening:
    """What has to be known to open an image, here or again in another process. sha256: of the bytes planned for."""

    file: Path
    sha256: str
    limits: Limits
    background: tuple[int, int, int]
    metadata: Literal["strip", "copyright", "keep"]


def opening_of(task: Task, sha256: str, limits: Limits) -> Opening:
    """How the image of a task is opened under its rule."""
    settings = task.rule.settings
    return Opening(task.asset.file, sha256, limits, settings.ground, settings.metadata)


LARGE = 16_000_000
"""Pixels from which the original is put away while another picture of its size is decoded, and decoded again after:
at 50 megapixels that is 0.7 s each time, and 200 MB less at the peak."""

SIZED = 2
"""How many times the original's pixels are kept at other sizes: the lattice's add up to less, but `resize` walks
through hundreds."""

SAMPLED = 2
"""How many sizes of the original are kept ready for the metric, 11 MB each: with alpha and without."""

ENCODED_BYTES = 100_000_000
"""Of finished candidates kept; those made first are put away, and made again if asked for."""


class Session:
    """Pixels of one source, and every candidate made of them so far. Raises ImageError and KeptError."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._source_bytes = content = regular.read(opening.file)
        if hashlib.sha256(content).hexdigest() != opening.sha256:
            raise OSError(errno.ESTALE, "it changed during the build; build again")
        picture = decode(content, opening.limits)
        self._kept: Image.Image | None = picture.image
        self._metadata: Metadata = metadata_for(picture, opening.metadata)
        self._encoded: dict[Candidate, bytes | None] = {}
        self._sized: dict[tuple[int, int, bool], Image.Image] = {}
        self._samples: dict[tuple[int, int, bool], perceptual.Sample] = {}
        self._originals: dict[int | None, Image.Image] = {}
        self.source = _describe(picture, len(content))

    @property
    def pixels(self) -> int:
        """Pixels of the source."""
        return self.source.width * self.source.height

    def encode(self, candidates: Sequence[Candidate]) -> list[int | None]:
        """Bytes of each candidate, None where its encoder cannot hold it."""
        return [None if content is None else len(content) for content in map(self._content, candidates)]

    def views(
        self, candidates: Sequence[Candidate | None], look: Look = "plain", wanted: ViewSize = None
    ) -> list[Image.Image]:
        """What judges are shown: RGB on the background, of the size that they want. None is the original."""
        pixels = wanted if isinstance(wanted, int) else None
        size = view_size((self.source.width, self.source.height), pixels)
        shown = (
            self._original(pixels) if one is None else self._view(self._decoded(one), pixels) for one in candidates
        )
        looks = (altered(image, look, size) for image in shown)
        return [wanted.squashed(image) if isinstance(wanted, Canvas) else image for image in looks]

    def shown(
        self, candidates: Sequence[Candidate | None], sizes: Sequence[ViewSize], look: Look = "plain"
    ) -> dict[ViewSize, list[Image.Image]]:
        """Views of each size that some judge wants."""
        return {wanted: self.views(candidates, look, wanted) for wanted in sizes}

    def _original(self, pixels: int | None) -> Image.Image:
        """Made once for each size, as it is shown in four looks."""
        if pixels not in self._originals:
            self._originals[pixels] = self._view(self._image, pixels)
        return self._originals[pixels]

    def _view(self, image: Image.Image, pixels: int | None) -> Image.Image:
        return view(image, self._opening.background, pixels)

    def measure(self, candidates: Sequence[Candidate], metric: str) -> list[float]:
        """The metric's figure for each, against the original at the candidate's size."""
        return [self._measured(candidate, metric) for candidate in candidates]

    def fetch(self, candidates: Sequence[Candidate]) -> list[bytes]:
        """The finished bytes of candidates that were encoded."""
        return [content for content in map(self._content, candidates) if content is not None]

    def appraise(
        self, files: Sequence[tuple[Candidate, bytes]], metric: str | None, sizes: Sequence[ViewSize]
    ) -> tuple[Source, dict[ViewSize, list[Image.Image]], list[float]]:
        """Finished files in place of what would be encoded now. Gives the original, its views and theirs, and figures.

        metric: as in `measure`, None for no figures. sizes: of the views, as in `shown`; none for no views.
        """
        for candidate, content in files:
            if Image.open(io.BytesIO(content)).size != (candidate.width, candidate.height):
                raise ImageError(f"its {candidate.encoder} variant is not {candidate.width}x{candidate.height} px")
        self._encoded.update(files)
        candidates = [candidate for candidate, _ in files]
        views = self.shown([None, *candidates], sizes)
        return self.source, views, [] if metric is None else self.measure(candidates, metric)

    def _content(self, candidate: Candidate) -> bytes | None:
        if candidate not in self._encoded:
            try:
                content = ENCODERS[candidate.encoder].encode(self._before(candidate), candidate.quality, self._metadata)
            except ImageError:
                content = None
            self._encoded[candidate] = content
            sizes = [(one, len(made or b"")) for one, made in self._encoded.items()]
            for one in _oldest(sizes, ENCODED_BYTES):
                del self._encoded[one]
        return self._encoded[candidate]

    def _before(self, candidate: Candidate) -> Image.Image:
        """The pixels that a candidate is saved from: the original at its size, or the link before in its chain."""
        if not candidate.chain:
            return self._at(candidate.width, candidate.height, ENCODERS[candidate.encoder].alpha)
        *chain, quality = candidate.chain
        return self._decoded(replace(candidate, quality=quality, chain=tuple(chain)))

    def _at(self, width: int, height: int, alpha: bool) -> Image.Image:
        """The original at a size, on the background where the format has no alpha."""
        key = (width, height, alpha or not self.source.alpha)
        if key not in self._sized:
            image = self._image if key[2] else flatten(self._image, self._opening.background)
            self._sized[key] = resize(image, (width, height))
            for one in _oldest([(one, one[0] * one[1]) for one in self._sized], SIZED * self.pixels):
                del self._sized[one]
        return self._sized[key]

    @property
    def _image(self) -> Image.Image:
        """The upright original."""
        if self._kept is None:
            self._kept = decode(self._source_bytes, self._opening.limits).image
        return self._kept

    def _put_away(self) -> None:
        self._kept = None
        self._sized = {key: image for key, image in self._sized.items() if image.width * image.height < LARGE}

    def _decoded(self, candidate: Candidate) -> Image.Image:
        """The candidate as a reader of the file will see it."""
        content = self._content(candidate)
        if content is None:
            raise ImageError(f"{candidate.encoder} cannot hold this image")
        if candidate.width * candidate.height >= LARGE:
            self._put_away()
        image = Image.open(io.BytesIO(content))
        image.load()
        return image

    def _measured(self, candidate: Candidate, metric: str) -> float:
        if self._content(candidate) is None:
            return float("-inf")
        key = (candidate.width, candidate.height, ENCODERS[candidate.encoder].alpha)
        if metric == "identical":
            return float(perceptual.identical(self._decoded(candidate), self._at(*key)))
        if key not in self._samples:
            self._samples = dict([*self._samples.items()][1 - SAMPLED :])
            self._samples[key] = perceptual.sample(self._at(*key))
        return perceptual.ssimulacra2(self._samples[key], self._decoded(candidate))


def _oldest(weights: Sequence[tuple[Key, int]], most: int) -> list[Key]:
    """The first of these, so that the others weigh no more than `most` together; never the newest two."""
    total, gone = sum(weight for _, weight in weights), []
    for key, weight in weights[:-2]:
        if total <= most:
            break
        total -= weight
        gone.append(key)
    return gone


def _describe(picture: Picture, size: int) -> Source:
    return Source(picture.width, picture.height, size, picture.alpha, is_graphic(picture.image), picture.exact)


def rehearse() -> None:
    """Load the codecs and the metric, for which the first image would wait otherwise."""
    image = Image.effect_noise((64, 64), 40).convert("RGB")
    for encoder in ENCODERS.values():
        encoder.encode(image, encoder.ladder[0] if encoder.ladder else None, Metadata())
    perceptual.ssimulacra2(perceptual.sample(image), image)
