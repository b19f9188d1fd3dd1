"""What an image carries beside its pixels, and how much of it a variant may carry.

The EXIF block is patched in place, never taken apart and written anew: Pillow writes `(c)` signs as `?` and moves
what maker notes point at.
"""

from __future__ import annotations

import html
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from PIL import Image, ImageFile, IptcImagePlugin, TiffImagePlugin

from semopt.types import Metadata

PREFIX = b"Exif\0\0"
ORIENTATION, ARTIST, COPYRIGHT, THUMBNAIL, THUMBNAIL_BYTES = 0x0112, 0x013B, 0x8298, 0x0201, 0x0202
SHORT, LONG, ASCII = 3, 4, 2
KEPT_OF_TIFF = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, ARTIST, COPYRIGHT)
"""A TIFF file is its own EXIF block; of its first directory only these describe the picture, not the storage."""


@dataclass(frozen=True, slots=True)
class Blobs:
    """exif: TIFF header onward, without prefix. xmp: as found. artist, copyright: UTF-8 as a rule, from any of them."""

    exif: bytes | None = None
    xmp: bytes | None = None
    artist: bytes = b""
    copyright: bytes = b""


class Carrier(Protocol):
    """Anything with the blobs of a source."""

    @property
    def blobs(self) -> Blobs: ...


@dataclass(frozen=True, slots=True)
class _Entry:
    """One tag of a directory. at: where its 12 bytes begin."""

    tag: int
    type: int
    count: int
    at: int


def metadata_for(picture: Carrier, policy: Literal["strip", "copyright", "keep"]) -> Metadata:
    """What a variant carries. `copyright`: EXIF with artist and copyright alone, taken from XMP or IPTC if need be.

    `keep`: EXIF upright and without thumbnail, and XMP upright. The EXIF begins with the prefix that JPEG wants.
    """
    blobs = picture.blobs
    if policy == "strip":
        return Metadata()
    if policy == "copyright":
        return Metadata(exif=_rights_block(blobs.artist, blobs.copyright))
    exif = _upright(blobs.exif) if blobs.exif else None
    return Metadata(exif=PREFIX + exif if exif else None, xmp=_upright_xmp(blobs.xmp))


def blobs_of(image: ImageFile.ImageFile) -> Blobs:
    """The blobs of an opened and loaded file. Blobs that cannot be read count as absent."""
    exif, xmp = _exif_of(image), image.info.get("xmp")
    xmp = xmp if isinstance(xmp, bytes) else None
    artist, rights = _rights(image, exif, xmp or b"")
    return Blobs(exif, xmp, artist, rights)


def orientation(exif: bytes | None) -> int:
    """EXIF orientation 1 to 8. As browsers do: what is not one SHORT from 1 to 8 counts as 1."""
    for entry in _entries(exif or b""):
        if entry.tag == ORIENTATION and (entry.type, entry.count) == (SHORT, 1):
            value = struct.unpack_from(_order(exif or b"") + "H", exif or b"", entry.at + 8)[0]
            return int(value) if 1 <= value <= 8 else 1
    return 1


def _exif_of(image: ImageFile.ImageFile) -> bytes | None:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _tiff_exif(image)
    exif = image.info.get("exif")
    if not isinstance(exif, bytes):
        return None
    return exif.removeprefix(PREFIX) or None


def _tiff_exif(image: TiffImagePlugin.TiffImageFile) -> bytes | None:
    try:
        whole, kept = image.getexif(), Image.Exif()
        for tag in KEPT_OF_TIFF:
            if tag in whole:
                kept[tag] = whole[tag]
        return kept.tobytes().removeprefix(PREFIX) if kept else None
    except Exception:  # Pillow's reader of damaged tags raises a dozen classes
        return None


# --- EXIF as bytes ----------------------------------------------------------------------------------------------


def _order(exif: bytes) -> str:
    return "<" if exif[:2] == b"II" else ">"


def _entries(exif: bytes, pointer: int = 4) -> Iterator[_Entry]:
    """The tags of the directory whose offset stands at `pointer`; none where the block is damaged."""
    try:
        order = _order(exif)
        start = struct.unpack_from(order + "I", exif, pointer)[0]
        for index in range(struct.unpack_from(order + "H", exif, start)[0]):
            at = start + 2 + 12 * index
            tag, kind, count = struct.unpack_from(order + "HHI", exif, at)
            yield _Entry(tag, kind, count, at)
    except struct.error:
        return


def _value(exif: bytes, entry: _Entry) -> bytes:
    """The bytes of an ASCII value, without the closing zero."""
    at = entry.at + 8
    if entry.count > 4:
        at = struct.unpack_from(_order(exif) + "I", exif, at)[0]
    return exif[at : at + entry.count].rstrip(b"\0 ")


def _upright(exif: bytes) -> bytes | None:
    """The block with orientation 1 and without its second directory, the thumbnail's; None where it is damaged."""
    try:
        patched, order = bytearray(exif), _order(exif)
        start = struct.unpack_from(order + "I", exif, 4)[0]
        following = start + 2 + 12 * struct.unpack_from(order + "H", exif, start)[0]
        for entry in _entries(exif):
            if entry.tag == ORIENTATION:
                struct.pack_into(order + "HIHH", patched, entry.at + 2, SHORT, 1, 1, 0)
        begin, end = _thumbnail(exif, following)
        struct.pack_into(order + "I", patched, following, 0)
    except struct.error:
        return None
    patched[begin:end] = bytes(end - begin) if end < len(exif) else b""
    return bytes(patched)


def _thumbnail(exif: bytes, pointer: int) -> tuple[int, int]:
    """Where the thumbnail's JPEG lies in the block; an empty range where there is none or it would lie outside."""
    if struct.unpack_from(_order(exif) + "I", exif, pointer)[0] == 0:
        return 0, 0
    found = {
        entry.tag: struct.unpack_from(_order(exif) + "I", exif, entry.at + 8)[0]
        for entry in _entries(exif, pointer)
        if entry.type == LONG and entry.count == 1
    }
    begin, size = found.get(THUMBNAIL, 0), found.get(THUMBNAIL_BYTES, 0)
    inside = exif[begin : begin + 3] == b"\xff\xd8\xff" and begin + size <= len(exif)
    return (begin, begin + size) if inside else (0, 0)


def _rights_block(artist: bytes, rights: bytes) -> bytes | None:
    """A whole EXIF block with these two tags, those that are not empty."""
    tags = [(tag, text + b"\0") for tag, text in ((ARTIST, artist), (COPYRIGHT, rights)) if text]
    if not tags:
        return None
    free = 8 + 2 + 12 * len(tags) + 4
    entries, texts = b"", b""
    for tag, text in tags:
        where = text.ljust(4, b"\0") if len(text) <= 4 else struct.pack(">I", free + len(texts))
        entries += struct.pack(">HHI", tag, ASCII, len(text)) + where
        texts += text if len(text) > 4 else b""
    return PREFIX + b"MM\0*" + struct.pack(">IH", 8, len(tags)) + entries + bytes(4) + texts


# --- who made it, who owns it -----------------------------------------------------------------------------------


def _rights(image: ImageFile.ImageFile, exif: bytes | None, xmp: bytes) -> tuple[bytes, bytes]:
    """Artist and copyright: from EXIF, else XMP, else IPTC, else PNG text; at most 1,000 bytes each."""
    tags = {
        e.tag: _value(exif or b"", e) for e in _entries(exif or b"") if e.type == ASCII and e.tag in (ARTIST, COPYRIGHT)
    }
    iptc = _iptc(image)
    text = {key: str(image.info.get(key, "")).encode() for key in ("Author", "Copyright")}
    artist = tags.get(ARTIST) or _xmp_item(xmp, b"creator") or iptc.get((2, 80)) or text["Author"]
    rights = tags.get(COPYRIGHT) or _xmp_item(xmp, b"rights") or iptc.get((2, 116)) or text["Copyright"]
    return artist[:1000], rights[:1000]


def _xmp_item(xmp: bytes, name: bytes) -> bytes:
    """The first item of a Dublin Core list. By pattern: no XML parser reads what a stranger wrote."""
    found = re.search(rb"<dc:%b>.{0,400}?<rdf:li[^>]{0,200}>([^<]{1,1000})" % name, xmp[:65536], re.DOTALL)
    return html.unescape(found[1].decode("utf-8", "replace")).strip().encode() if found else b""


def _iptc(image: ImageFile.ImageFile) -> dict[tuple[int, int], bytes]:
    try:
        found = IptcImagePlugin.getiptcinfo(image) or {}
    except Exception:  # as above
        return {}
    return {key: value if isinstance(value, bytes) else value[0] for key, value in found.items()}


def _upright_xmp(xmp: bytes | None) -> bytes | None:
    """XMP repeats the orientation; some readers would turn the picture again."""
    return re.sub(rb'(tiff:Orientation(?:="|>))[0-9]', rb"\g<1>1", xmp) if xmp else None
