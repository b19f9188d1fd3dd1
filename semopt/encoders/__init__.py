"""The table of encoders. To add one: write a value that satisfies `semopt.types.Encoder`, and one line here.

Other packages add theirs through the entry point group `semopt.encoders`; what they write must open in Pillow. The
order is the order of candidates of equal bytes and pixels. Importing this loads no codec.
"""

from __future__ import annotations

from collections.abc import Collection

from semopt.encoders.pillow import AVIF, JPEG, PNG, WEBP
from semopt.plugins import Registry
from semopt.types import Encoder

ENCODERS: Registry[Encoder] = Registry(
    "encoders", Encoder, {encoder.name: encoder for encoder in (WEBP, AVIF, JPEG, PNG)}
)
NAMES = ENCODERS.built_in


def chosen(names: Collection[str]) -> tuple[Encoder, ...]:
    """The encoders of these formats in the order of the table, those of other packages after it. Raises PluginError."""
    added = sorted(name for name in names if name not in NAMES)
    return tuple(ENCODERS[name] for name in (*(name for name in NAMES if name in names), *added))
