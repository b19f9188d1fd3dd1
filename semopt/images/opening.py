"""Whether other readers open a file, whatever semopt makes of it."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image


def opens(file: Path) -> bool:
    """Whether Pillow decodes a file to RGB, as the loader of torchvision's ImageFolder does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as image:
                image.convert("RGB")
    except Exception:  # Pillow raises many classes on damaged files
        return False
    return True
