"""How much of a picture is fine colour, which half the resolution for colour (4:2:0) takes away.

JPEG and AVIF can keep colour at full resolution (4:4:4). Of 80 photographs at equal SSIMULACRA2 a JPEG takes 2 to 5 %
more bytes by it where FINE is not reached, and 2 to 6 % fewer at floors of 65 to 80 where it is. An AVIF hardly loses
anywhere (0.98 to 1.02 times the bytes, 0.89 at a floor of 80 where colour is finest) and takes a tenth longer or more.
What matters more: at 4:2:0 such a picture cannot be close at all, as red letters on a green ground; a floor of 85 or 90
is out of its reach at any quality.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

FINE = 2.5
"""Levels of 255, root mean square, that halving the resolution takes from Cb and Cr: where JPEG gains by 4:4:4."""

SEEN = 1.5
"""The same for AVIF from a quality of 80 up, whose floors half resolution can hardly reach: from here 3 to 8 % less.
With transparency at all qualities that may keep it: of 4 logos, halved too, half resolution reaches the SSIMULACRA2 of
the full one with 1.5 times the bytes or more, and cut-out photographs take 0.94 to 1.01 times the bytes by it."""

BANDS, ROWS = 12, 8  # looked at, spread over the height: 96 rows, 1 ms at 500 by 375 px


def fine_colour(image: Image.Image) -> float:
    """Levels of 255, root mean square over Cb and Cr, that half the resolution takes from an image of mode RGB or RGBA.

    What is wholly transparent does not count, as hardly any colour is there (`bleed`). 0 for an image without colour,
    or of a single row or column.
    """
    if image.mode not in ("RGB", "RGBA") or min(image.size) < 2:
        return 0.0
    from PIL import Image as images
    from PIL import ImageChops, ImageStat

    squares, bands = 0.0, _bands(image)
    seen = 1 - bands.getchannel("A").histogram()[0] / (bands.width * bands.height) if image.mode == "RGBA" else 1.0
    for channel in bands.convert("RGB").convert("YCbCr").split()[1:]:
        half = channel.reduce(2).resize(channel.size, images.Resampling.NEAREST)
        squares += ImageStat.Stat(ImageChops.difference(channel, half)).rms[0] ** 2
    return float((squares / 2 / seen) ** 0.5) if seen else 0.0


def _bands(image: Image.Image) -> Image.Image:
    """All of a low image; of a higher one BANDS bands of ROWS rows, one below the other. Whole cells of 2 by 2 px."""
    width = image.width // 2 * 2
    if image.height <= BANDS * ROWS:
        return image.crop((0, 0, width, image.height // 2 * 2))
    from PIL import Image as images

    bands = images.new(image.mode, (width, BANDS * ROWS))
    for place in range(BANDS):
        top = (image.height - ROWS) * place // (BANDS - 1) // 2 * 2
        bands.paste(image.crop((0, top, width, top + ROWS)), (0, place * ROWS))
    return bands
