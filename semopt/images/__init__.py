"""Source files to upright sRGB pixels, and those pixels to what judges are shown."""

from semopt.images.decode import FORMATS, Picture, decode
from semopt.images.metadata import metadata_for
from semopt.images.view import VIEW_PX, altered, flatten, resize, view, view_size

__all__ = [
    "FORMATS",
    "VIEW_PX",
    "Picture",
    "altered",
    "decode",
    "flatten",
    "metadata_for",
    "resize",
    "view",
    "view_size",
]
