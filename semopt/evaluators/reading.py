"""Reads the text of an image with the recogniser of rapidocr (PP-OCRv6 small): every character and where it stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.float32]

CORE, MARGIN = 960, 96
"""Pixels. An image is read in tiles of CORE, each with MARGIN more on its sides, so that text that crosses an edge is
whole in one of two tiles. The process then takes 0.55 GB at most, whatever the image; four megapixels without text
take 2.4 s, and each line of text 20 to 40 ms more."""

LEAST, STEP = 64, 32  # a tile is filled up to at least this side, and to a multiple of this, as the detector wants


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. size: (2,) width and height of the image, px.

    characters: (n, 6), in the order read, without spaces: number of the line, code point, the recogniser's confidence
    (0 to 1), centre across and down (px), height of the line (px).
    """

    size: Array
    characters: Array


class Reader:
    """The recogniser, on one thread. detector, recogniser: files of the networks; nothing is ever downloaded."""

    def __init__(self, detector: Path, recogniser: Path):
        from rapidocr import RapidOCR

        self._engine = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.use_preprocess_img": False,
                "Global.use_vertical_padding": False,
                "Global.text_score": 0.0,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.model_path": str(detector),
                "Det.box_thresh": 0.3,  # at its 0.5, words on pictures came and went with a JPEG of quality 90
                "Det.limit_type": "max",
                "Det.limit_side_len": 10 * (CORE + 2 * MARGIN),
                "Rec.model_path": str(recogniser),
                "Rec.rec_batch_num": 1,  # lines of one batch are padded to its longest, and would read otherwise
            }
        )

    def read(self, image: Image.Image) -> Reading:
        """All characters of an RGB image, at its own pixels."""
        found: list[Array] = [np.empty((0, 6), np.float32)]
        lines = 0
        for left, top in _corners(image.size):
            rows = self._tile(image, left, top)
            rows[:, 0] += lines
            lines = int(rows[:, 0].max(initial=lines - 1)) + 1
            found.append(rows)
        return Reading(np.array(image.size, np.float32), np.concatenate(found))

    def _tile(self, image: Image.Image, left: int, top: int) -> Array:
        """The characters whose centre lies in one tile's core."""
        x, y = max(0, left - MARGIN), max(0, top - MARGIN)
        box = (x, y, min(image.width, left + CORE + MARGIN), min(image.height, top + CORE + MARGIN))
        seen = self._engine(_filled(image.crop(box)), return_word_box=True, return_single_char_box=True)
        rows = np.array(list(_characters(seen)), np.float32).reshape(-1, 6)
        rows[:, 3:5] += (x, y)
        within = (rows[:, 3:5] >= (left, top)) & (rows[:, 3:5] < (left + CORE, top + CORE))
        mine: Array = rows[within.all(axis=1)]
        return mine


def _corners(size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The upper left corners of the tiles' cores."""
    for top in range(0, size[1], CORE):
        for left in range(0, size[0], CORE):
            yield left, top


def _filled(image: Image.Image) -> npt.NDArray[np.uint8]:
    """An array of blue, green and red whose sides fit the detector, its last row and column repeated."""
    pixels = np.asarray(image, np.uint8)[:, :, ::-1]
    more = [(0, max(LEAST, -(-side // STEP) * STEP) - side) for side in pixels.shape[:2]]
    return np.ascontiguousarray(np.pad(pixels, (*more, (0, 0)), mode="edge"))


def _characters(seen: Any) -> Iterator[tuple[float, ...]]:
    """Rows as in `Reading`, of what the engine gives: for each line its characters, confidences and quads."""
    lines = () if getattr(seen, "boxes", None) is None else seen.word_results  # else it is of another form
    for number, line in enumerate(lines):
        for text, confidence, quad in line:
            corners = np.asarray(quad, np.float64)
            across, down = corners.mean(axis=0)
            height = (np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2
            # Full-width and ligature forms count as what they stand for; the recogniser wavers between them.
            for one in unicodedata.normalize("NFKC", text):
                if not one.isspace():
                    yield number, ord(one), confidence, float(across), float(down), float(height)
