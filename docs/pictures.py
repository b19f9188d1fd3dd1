"""Draws the pictures of the-post.md: what the post's loops and `semantic` make of the example site's photographs.

    python -m docs.pictures --weights mobilenet_v2.pth --judge other.tflite

Run it at the root of the repository; the weights and the judge are those of tests/bench/post.py.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from semopt import Evaluator
from tests.bench.frontier.judges import classifier
from tests.bench.post import LOOPS, built, loop, opened

ROOT = Path(__file__).resolve().parent
PHOTOS = ("cat.jpg", "coffee.png", "photographer.jpg")  # those of the example that are CC0; see CREDITS.md there
PANEL = (270, 180)
LINE = 18


def panel(image: Image.Image, lines: list[str]) -> Image.Image:
    """The middle of one picture at a common size, however small it is, with lines under it."""
    canvas = Image.new("RGB", (PANEL[0], PANEL[1] + LINE * len(lines) + 8), "white")
    canvas.paste(ImageOps.fit(image, PANEL, Image.Resampling.BICUBIC))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(12)
    for row, line in enumerate(lines):
        draw.text((2, PANEL[1] + 2 + LINE * row), line, "#222222", font)
    return canvas


def main() -> None:
    """One picture for each photograph: the original, the two loops, `semantic`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weights", type=Path, required=True, help="state dict for torchvision's mobilenet_v2")
    parser.add_argument("--judge", type=Path, required=True, help="a .tflite network of 8-bit input and output")
    wanted = parser.parse_args()
    evaluator, judge = Evaluator("mobilenet_v2", weights=wanted.weights), classifier(wanted.judge)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in PHOTOS]
        for file in files:
            file.write_bytes((ROOT.parent / "example_site/assets/feed" / file.name).read_bytes())
        ways = {name: list(loop(name, kind, evaluator, files, 0)) for name, kind in LOOPS.items()}
        ways["semopt: semantic"] = list(built(Path(folder), files, wanted.weights.resolve()))
        for index, file in enumerate(files):
            original = opened(file)
            before = judge(original)[0]
            panels = [panel(original, [f"original: {file.stat().st_size:,} bytes", f"“{evaluator(original)}”", ""])]
            for name, rows in ways.items():
                row = rows[index]
                image = original if row.file is None else opened(io.BytesIO(row.file))
                said = "the same" if judge(image)[0] == before else "something else"
                size = f"{name}: {image.width} x {image.height} px, {row.bytes:,} bytes"
                seen = f"“{evaluator(image)}”; another network: {said}"
                panels.append(panel(image, [size, seen, f"{row.passes} passes"]))
            draw_all(panels, ROOT / f"the-post-{file.stem}.webp")


def draw_all(panels: list[Image.Image], target: Path) -> None:
    """Four panels in two rows."""
    width, height = panels[0].size
    canvas = Image.new("RGB", (2 * width + 12, 2 * height + 6), "white")
    for index, one in enumerate(panels):
        canvas.paste(one, ((width + 12) * (index % 2), (height + 6) * (index // 2)))
    canvas.save(target, quality=60, method=6)


if __name__ == "__main__":
    main()
