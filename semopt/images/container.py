"""What the bytes of a file say before any pixel is decoded. Nothing here raises, whatever the bytes."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

MAGIC = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"GIF8[79]a", "GIF"),
    (rb"RIFF....WEBP", "WebP"),
    (rb"....ftypavi[fs]", "AVIF"),
    (rb"....ftypmi[fs]1.{4,32}avi[fs]", "AVIF"),
    (rb"BM", "BMP"),
    (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", "TIFF"),
)
"""How the formats that are decoded begin."""

STRANGERS = (
    (
        rb"\x89PNG[\r\n]+\x1a|PNG\r\n\x1a|\tPNG\r\n\x1a",
        "a PNG image that was damaged on its way as if it were text (by FTP, or git's autocrlf)",
    ),
    (
        rb"version https://git-lfs\.github\.com/spec/",
        "a git-lfs pointer, not the image itself; `git lfs pull` fetches it",
    ),
    (rb"\s*<(!doctype html|html)", "an HTML page, not an image"),
    (rb"\s*(<\?xml.{0,1000})?<svg", "an SVG drawing, which is not made of pixels"),
    (rb"....ftyp(hei[cxms]|hevc|mif1|msf1)", "a HEIC image, which is not read"),
    (rb"\0\0\0\x0cJXL |\xff\x0a", "a JPEG XL image, which is not read"),
    (rb"\0\0\0\x0cjP  ", "a JPEG 2000 image, which is not read"),
    (rb"%PDF-", "a PDF document, not an image"),
    (rb"%!PS", "a PostScript document, not an image"),
    (rb"PK\x03\x04", "a ZIP archive, not an image"),
    (rb"\x7fELF|MZ", "a program, not an image"),
    (rb"[\t\n\r\x20-\x7e\x80-\xff]{1,4096}\Z", "text, not an image"),
)
"""How the commonest files begin that only have an image's name, and what they are called."""


ONE_BYTE = ("the file is empty", "the file has only 1 byte")


@dataclass(frozen=True, slots=True)
class Facts:
    """depth: bits a channel in the file. cicp: code points of ITU-T H.273 (primaries, transfer), None where unsaid.

    gamma: PNG gAMA where it alone says what the samples mean, else None.
    """

    depth: int = 8
    cicp: tuple[int, int] | None = None
    gamma: float | None = None


def kind(content: bytes) -> str | None:
    """The format by its first bytes, None where it is none that is decoded."""
    return next((name for magic, name in MAGIC if re.match(magic, content[:64], re.DOTALL)), None)


def stranger(content: bytes) -> str:
    """What a file that is no image is, as a sentence about it."""
    if len(content) < 4:
        return f"the file has only {len(content)} bytes" if len(content) > 1 else ONE_BYTE[len(content)]
    head = content[:4096]
    for magic, name in STRANGERS:
        if re.match(magic, head, re.DOTALL | re.IGNORECASE):
            return f"the file is {name}"
    return "the file is not a JPEG, PNG, GIF, WebP, AVIF, BMP or TIFF image"


def missing(content: bytes) -> tuple[bool, int | None]:
    """Whether the bytes end before the image does, and how many bytes there should be where the format says so."""
    try:
        return _missing(content, kind(content))
    except (struct.error, IndexError):  # not even the header is whole
        return True, None


def _missing(content: bytes, name: str | None) -> tuple[bool, int | None]:
    declared: int | None = None
    if name == "WebP":
        declared = 8 + int(struct.unpack_from("<I", content, 4)[0])
    elif name == "BMP":
        declared = int(struct.unpack_from("<I", content, 2)[0])
    elif name == "AVIF":
        declared = _boxes_end(content)
    elif name == "TIFF":
        order = "<" if content[:1] == b"I" else ">"
        return struct.unpack_from(order + "I", content, 4)[0] > len(content), None
    if declared is not None:
        return declared > len(content), declared
    ends = {"PNG": b"IEND", "JPEG": b"\xff\xd9", "GIF": b";"}
    return bool(name) and ends[str(name)] not in content[-64:], None


def _boxes_end(content: bytes) -> int:
    """Where the top-level boxes of an ISO media file end, bytes; the last one may reach beyond the file."""
    at = 0
    while at < len(content):
        size = int(struct.unpack_from(">I", content, at)[0])
        if size < 8:  # 0 is "up to the end", 1 a 64-bit size: neither says more here
            return len(content)
        at += size
    return at


def scans(content: bytes) -> int:
    """How often a JPEG file goes over its pixels, at least; a marker in a thumbnail or a second picture counts too."""
    return content.count(b"\xff\xda") if kind(content) == "JPEG" else 1


def pages(content: bytes) -> int:
    """The directories of a TIFF file that lie in it, by their chain; Pillow's own count takes 140 us for each."""
    order, big = "<" if content[:1] == b"I" else ">", content[2:3] == b"+" or content[3:4] == b"+"
    number, length, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    met: set[int] = set()
    try:
        (at,) = struct.unpack_from(order + number, content, 8 if big else 4)
        while at and at not in met:
            (entries,) = struct.unpack_from(order + length, content, at)
            following = at + struct.calcsize(order + length) + entry * entries
            (after,) = struct.unpack_from(order + number, content, following)
            met.add(at)
            at = after
    except (struct.error, OverflowError):  # the chain leads out of the file
        pass
    return max(1, len(met))


def facts(content: bytes) -> Facts:
    """What Pillow does not tell about a PNG or AVIF file; the defaults for the other formats."""
    readers = {"PNG": _png_facts, "AVIF": _avif_facts}
    reader = readers.get(kind(content) or "")
    try:
        return reader(content) if reader else Facts()
    except (struct.error, IndexError):
        return Facts()


def _png_facts(content: bytes) -> Facts:
    chunks = _png_head(content)
    cicp = chunks.get(b"cICP")
    gamma = chunks.get(b"gAMA")
    said = chunks.keys() & {b"cICP", b"iCCP", b"sRGB"}
    return Facts(
        depth=chunks[b"IHDR"][8] if b"IHDR" in chunks else 8,
        cicp=(cicp[0], cicp[1]) if cicp else None,
        gamma=struct.unpack(">I", gamma)[0] / 100_000 if gamma and not said else None,
    )


def _png_head(content: bytes) -> Mapping[bytes, bytes]:
    """The chunks before the pixels, by type."""
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        if name == b"IDAT":
            break
        chunks[name] = content[at + 8 : at + 8 + min(size, 64)]  # those that are read here have 32 bytes at most
        at += 12 + size
    return chunks


def _avif_facts(content: bytes) -> Facts:
    """From the properties of the first item. The boxes are looked for by name: no parser to go astray in."""
    head = content[: 1 << 16]
    config, colours = head.find(b"av1C"), head.find(b"colrnclx")
    high = config >= 0 and head[config + 6] & 0x40
    cicp = struct.unpack_from(">HH", head, colours + 8) if colours >= 0 else None
    return Facts(depth=10 if high else 8, cicp=cicp)
