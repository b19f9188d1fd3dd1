"""Draws before-after.webp, the picture in the README, from a built site: originals beside what was made of them.

semopt build . && python before_after.py
"""

import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent
ROWS = ("assets/heroes/dahlia.jpg", "assets/feed/cat.jpg")
PANEL = (480, 320)
LINE = 44
FOR = {"people": "close to the eye and still recognised", "machines": "still recognised, for machines"}


def panel(file, words):
    """One picture at a common size with a line under it."""
    image = Image.open(ROOT / file).convert("RGB").resize(PANEL, Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (PANEL[0], PANEL[1] + LINE), "white")
    canvas.paste(image)
    font = ImageFont.load_default(20)
    ImageDraw.Draw(canvas).text((2, PANEL[1] + LINE // 2), words, "#222222", font, anchor="lm")
    return canvas


def main():
    assets = json.loads((ROOT / "semopt-manifest.json").read_text())["assets"]
    canvas = Image.new("RGB", (2 * PANEL[0] + 20, len(ROWS) * (PANEL[1] + LINE)), "white")
    for row, path in enumerate(ROWS):
        best = min(assets[path]["variants"], key=lambda variant: variant["bytes"])
        said = f"{best['bytes']:,} bytes: {FOR[best['for']]}"
        canvas.paste(panel(path, f"original, {assets[path]['bytes']:,} bytes"), (0, row * (PANEL[1] + LINE)))
        canvas.paste(panel(best["path"], said), (PANEL[0] + 20, row * (PANEL[1] + LINE)))
    canvas.save(ROOT / "before-after.webp", quality=90, method=6)


if __name__ == "__main__":
    main()
