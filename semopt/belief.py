"""Whether an answer out of a cache can be believed: one that came from elsewhere may say what it likes."""

from __future__ import annotations

import io
from collections.abc import Sequence

from semopt.encoders import ENCODERS
from semopt.types import Asset, Limits, Outcome, Variant


def believable(answer: Outcome, contents: Sequence[bytes], asset: Asset, sha256: str, limits: Limits) -> bool:
    """Whether an answer is one that a search could have given for this image of these limits.

    contents: of the variants, in their order, with the sha256 that the answer names. sha256: of the image's bytes. What
    only the search itself could tell, as whether a variant shows the same thing, is not asked again.
    """
    variants = answer.variants
    places = {(variant.format, variant.width) for variant in variants}
    return (
        answer.status in (("optimized",) if variants else ("kept", "failed"))
        and (answer.sha256, answer.bytes) == (sha256, asset.stat.size)
        and len(places) == len(variants) == len(contents)
        and all(_possible(one, content, answer, limits) for one, content in zip(variants, contents, strict=True))
    )


def _possible(variant: Variant, content: bytes, answer: Outcome, limits: Limits) -> bool:
    """Whether a variant is smaller than its original in every way, and its bytes are the image that it says."""
    encoder = ENCODERS.get(variant.format)
    width, height = answer.width or 0, answer.height or 0
    return (
        encoder is not None
        and encoder.media_type == variant.media_type
        and variant.bytes == len(content) < (answer.bytes or 0)
        and 0 < variant.width <= width
        and 0 < variant.height <= height
        and width * height <= limits.max_pixels
        and _decodes(content, variant)
    )


def _decodes(content: bytes, variant: Variant) -> bool:
    """Whether Pillow makes of these bytes one whole image of this type and size."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            seen = (image.get_format_mimetype(), image.size, getattr(image, "n_frames", 1))
            if seen != (variant.media_type, (variant.width, variant.height), 1):
                return False
            image.load()
    except Exception:  # as in `images.decode`: on damaged files Pillow raises what it likes
        return False
    return True
