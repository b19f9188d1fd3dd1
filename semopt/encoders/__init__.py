"""The table of encoders. To add one: write a value that satisfies `semopt.types.Encoder`, and one line here.

The order is the order of candidates of equal bytes and pixels. Importing this loads no codec.
"""

from __future__ import annotations

from semopt.encoders.pillow import AVIF, JPEG, PNG, WEBP
from semopt.types import Encoder

ENCODERS: dict[str, Encoder] = {encoder.name: encoder for encoder in (WEBP, AVIF, JPEG, PNG)}
NAMES = tuple(ENCODERS)
