"""Runs in pixiq's own venv: every image of a folder, with its defaults.

python pixiq_folder.py SOURCE TARGET
"""

import sys
from pathlib import Path

from PIL import Image
from pixiq import Pixiq  # type: ignore[import-not-found]

source, target = map(Path, sys.argv[1:])
for file in sorted(source.iterdir()):
    with Image.open(file) as image:
        Pixiq.compress(image, str(target / file.name))
