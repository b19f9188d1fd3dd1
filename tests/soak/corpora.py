"""Folders of images of the user's, built and held against a decoder of its own.

What is expected of a file is worked out by plain Pillow and NumPy, without semopt's code.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from tests.soak.memory import Watched, watched
from tests.soak.report import Options, Report

SUFFIXES = frozenset(
    [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"]
)
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
MOST_MB = 2000  # of all processes of a build together
MOST_S = 20  # of work on one file; on a machine that others use too, more passes meanwhile
MOST_NAME = 255  # bytes, of most file systems
MOST_PIXELS, MOST_BYTES = 50_000_000, 100_000_000
FAR_EXACT, FAR = 2.0, 12.0
"""Mean difference, levels of 255, that a lossless variant may have, and any other. The latter are compared by blocks of
BLOCK px: half the colour resolution of noise is 40 levels off pixel by pixel. A picture that is turned, shown without
its profile or without its transparency is further off as a rule."""

BLOCK = 8

Samples = NDArray[np.float32]
"""Height by width by RGBA, 0 to 255."""


@dataclass(frozen=True)
class Expected:
    """What plain Pillow makes of a file. samples: upright sRGB, None where it holds several pictures. fault: why it
    cannot be read."""

    size: tuple[int, int] = (0, 0)
    samples: Samples | None = None
    exact: bool = True
    fault: str = ""


def run(options: Options) -> Report:
    """Build a copy of each folder, by default and for machines, and hold every file against the decoder's view."""
    report = Report()
    for corpus in options.corpora:
        tree = options.folder / corpus.name
        copied(corpus, tree)
        for name, rules in CONFIGS.items():
            (tree / "semopt.yaml").write_text(f"version: 1\nlimits: {{seconds: {MOST_S}}}\n{rules}")
            _built(tree, f"{corpus.name}, {name}", report)
    return report


CONFIGS = {
    "default": "",
    "visual": "rules: [{match: '**', strategy: visual, formats: [jpeg, webp]}]\n",
    "semantic": "rules: [{match: '**', strategy: semantic}]\n",
}
"""What is built of each folder."""


def copied(corpus: Path, tree: Path) -> None:
    """Copy the regular files. One without an image's suffix gets that of the folder above that is called like one."""
    for file in sorted(corpus.rglob("*")):
        place = file.relative_to(corpus)
        if not file.is_file() or file.is_symlink() or any(part.startswith(".") for part in place.parts):
            continue
        named = [f".{part.lower()}" for part in place.parts[:-1] if f".{part.lower()}" in SUFFIXES]
        suffix = "" if file.suffix.lower() in SUFFIXES or not named else named[-1]
        target = tree / place.with_name(place.name + suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(file, target)


def _built(tree: Path, name: str, report: Report) -> None:
    before = {file: file.read_bytes() for file in _images(tree)}
    ran = watched([sys.executable, "-m", "semopt", "build", "--json", str(tree)], MOST_MB)
    report.expect("Traceback" not in ran.stderr and ran.code in (0, 1), f"{name}: {ran.code}, {ran.stderr[-300:]}")
    report.expect(ran.peak_mb <= MOST_MB, f"{name}: {ran.peak_mb} MB")
    report.figures["peak MB"] = max(report.figures["peak MB"], ran.peak_mb)
    report.figures["most seconds of a file"] = max(report.figures["most seconds of a file"], round(ran.longest_s))
    _accounted(tree, name, ran, before, report)
    assets = json.loads((tree / "semopt-manifest.json").read_bytes())["assets"]
    for path, entry in assets.items():
        report.figures["files"] += 1
        report.figures[entry["status"]] += 1
        for fault in _faults(tree, path, entry):
            report.expect(False, f"{name}: {path}: {fault}")


def _images(tree: Path) -> Iterator[Path]:
    """Every original of a tree."""
    for file in sorted(tree.rglob("*")):
        if file.is_file() and file.suffix.lower() in SUFFIXES and ".semopt" not in file.relative_to(tree).as_posix():
            yield file


def _accounted(tree: Path, name: str, ran: Watched, before: dict[Path, bytes], report: Report) -> None:
    """Every file has its outcome and its entry, and no original was touched."""
    assets = json.loads((tree / "semopt-manifest.json").read_bytes())["assets"]
    outcomes = {line["path"]: line for line in map(json.loads, ran.stdout.splitlines()) if line["type"] == "outcome"}
    on_disk = {file.relative_to(tree).as_posix() for file in before}
    report.expect(on_disk == set(assets) == set(outcomes), f"{name}: {sorted(on_disk ^ set(assets))[:3]} unaccounted")
    changed = [file for file, content in before.items() if not file.is_file() or file.read_bytes() != content]
    report.expect(not changed, f"{name}: originals were changed: {changed[:3]}")


def _faults(tree: Path, path: str, entry: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the answer for one file."""
    status, reason = entry["status"], entry["reason"]
    expected = expectation((tree / path).read_bytes())
    if status != "optimized" and not reason:
        yield f"{status} without a reason"
    if "took longer" in reason or "worker died" in reason:
        yield reason
    crowded = len(os.fsencode(path.rpartition("/")[2])) + len(".semopt.webp") > MOST_NAME
    if status == "failed" and not expected.fault and not (crowded and "leaves no room" in reason):
        yield f"failed ({reason}), though plain Pillow reads it"
    if status == "optimized" and expected.fault:
        yield f"optimized, though it {expected.fault}"
    if status == "optimized" and not expected.fault and expected.samples is None:
        yield "optimized, though it holds several pictures"
    for variant in entry["variants"]:
        yield from _variant_faults(tree, variant, entry, expected)


def _variant_faults(tree: Path, variant: dict[str, Any], entry: dict[str, Any], expected: Expected) -> Iterator[str]:
    content = (tree / variant["path"]).read_bytes()
    if len(content) >= entry["bytes"]:
        yield f"{variant['path']} is not smaller"
    seen = expectation(content)
    if seen.samples is None or seen.fault:
        yield f"{variant['path']} cannot be read: {seen.fault}"
    elif variant["for"] == "people" and seen.size != expected.size:
        yield f"{variant['path']} has {seen.size} px, not {expected.size}"
    elif expected.samples is not None:
        lossless, flat = variant["quality"] is None, variant["format"] == "jpeg"
        pair = (expected.samples, seen.samples)
        far = difference(*(pair if lossless else map(_blocks, pair)), flat)
        if far > (FAR_EXACT if lossless else FAR):
            yield f"{variant['path']} is {far:.1f} levels off"


def difference(original: Samples, variant: Samples, flat: bool) -> float:
    """Mean difference on white and on black, of RGB and of alpha, the largest of them. flat: on white alone.

    What was scaled for machines is compared by its mean.
    """
    if original.shape != variant.shape:
        original, variant = _mean(original), _mean(variant)
    grounds = (255,) if flat else (255, 0)
    colours = [float(np.abs(_on(original, ground) - _on(variant, ground)).mean()) for ground in grounds]
    return max(colours if flat else [*colours, float(np.abs(original[..., 3] - variant[..., 3]).mean())])


def _blocks(samples: Samples) -> Samples:
    """Means over blocks, colours weighed by alpha; what is over at the right and below is left out."""
    high, wide = (max(1, side // BLOCK) for side in samples.shape[:2])
    size = min(BLOCK, samples.shape[0]), min(BLOCK, samples.shape[1])
    whole = samples[: high * size[0], : wide * size[1]].copy()
    whole[..., :3] *= whole[..., 3:]
    means = whole.reshape(high, size[0], wide, size[1], 4).mean(axis=(1, 3))
    means[..., :3] /= np.maximum(means[..., 3:], 1e-6)
    return means


def _mean(samples: Samples) -> Samples:
    """One pixel that is the mean of all, weighed by alpha."""
    alpha = samples[..., 3:]
    total = max(float(alpha.sum()), 1e-6)
    colour = (samples[..., :3] * alpha).sum(axis=(0, 1)) / total
    return np.array([[[*colour, float(alpha.mean())]]], dtype=np.float32)


def _on(samples: Samples, ground: int) -> Samples:
    alpha = samples[..., 3:] / 255
    return samples[..., :3] * alpha + ground * (1 - alpha)


# --- a decoder of its own ---------------------------------------------------------------------------------------


def expectation(content: bytes) -> Expected:
    """What a file shows, by plain Pillow."""
    if len(content) > MOST_BYTES:
        return Expected(fault="has too many bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _expectation(Image.open(BytesIO(content), formats=FORMATS), content)
    except Exception as error:  # whatever Pillow raises
        return Expected(fault=f"cannot be read ({type(error).__name__}: {error})")


def _expectation(image: Any, content: bytes) -> Expected:
    if image.width * image.height > MOST_PIXELS:
        return Expected(fault="has too many pixels")
    if _several(image):
        return Expected(image.size)
    image.load()
    profile, gamma = image.info.get("icc_profile"), image.info.get("gamma")
    said = profile or "srgb" in image.info
    depth = content[24] if image.format == "PNG" else 8
    upright = ImageOps.exif_transpose(image)
    rgba = _rgba(upright, depth)
    if profile:
        rgba = _by_profile(upright, rgba, profile)
    samples = np.asarray(rgba).astype(np.float32)
    if gamma and not said and not 0.42 <= gamma <= 0.49:
        light = (samples[..., :3] / 255) ** (1 / gamma)
        samples[..., :3] = 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return Expected(rgba.size, samples)


def _several(image: Any) -> bool:
    """Whether there is a second picture that can be reached."""
    if not getattr(image, "is_animated", False):
        return False
    try:
        image.seek(1)
    except Exception:  # whatever Pillow raises
        return image.format != "TIFF"  # there a page may be named that the file does not hold
    finally:
        image.seek(0)
    return True


def _rgba(image: Image.Image, depth: int) -> Image.Image:
    """8-bit RGBA of any mode, transparency included."""
    key = image.info.get("transparency")
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        levels = np.asarray(image).astype(np.float64)
        grey = Image.fromarray((levels / 257).clip(0, 255).round().astype(np.uint8)).convert("RGBA")
        if isinstance(key, int):
            grey.putalpha(Image.fromarray(np.where(levels == key, 0, 255).astype(np.uint8)))
        return grey
    if image.mode in ("1", "L") and isinstance(key, int):
        image = image.convert("L")
        clear = key * {2: 85, 4: 17}.get(depth, 1)
        image.info.pop("transparency", None)
        alpha = image.point([0 if level == clear else 255 for level in range(256)])
        image = image.convert("RGBA")
        image.putalpha(alpha)
    return image.convert("RGBA")


def _by_profile(image: Image.Image, rgba: Image.Image, profile: bytes) -> Image.Image:
    """Through the profile to sRGB; where it does not fit the pixels, as they are."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space)
    if mode is None or (mode == "CMYK") != (image.mode == "CMYK"):
        return rgba
    pixels = image if mode == "CMYK" else rgba.convert(mode)
    turned = ImageCms.profileToProfile(
        *(pixels, source, ImageCms.createProfile("sRGB")),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert turned is not None
    turned.putalpha(rgba.getchannel("A"))
    return turned
