"""Decoding: the right upright sRGB pixels, or a sentence. Every input is made here."""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from semopt.images import VIEW_PX, Picture, decode, flatten, metadata_for, resize, view
from semopt.images.container import pages
from semopt.types import ImageError, KeptError, Limits

SUFFIXES = ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"]


def scene(width: int = 48, height: int = 32) -> Image.Image:
    """Every corner is another colour, so that no turn goes unseen."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x * 255 // width, y * 255 // height, np.full_like(x, 60)], -1).astype(np.uint8))


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, depth: int, kind: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG of raw rows (each with its filter byte). extra: chunks before the pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def profile(red: tuple[float, ...], green: tuple[float, ...], blue: tuple[float, ...], gamma: float = 2.2) -> bytes:
    """A small ICC v2 matrix profile; colorants as XYZ under D50."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78 + 3)
    parts = {b"desc": text, b"wtpt": xyz((0.9642, 1.0, 0.8249)), b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    parts |= {b"rXYZ": xyz(red), b"gXYZ": xyz(green), b"bXYZ": xyz(blue)}
    parts |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    return container(b"RGB ", parts)


def grey_profile(gamma: float) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78 + 3)
    return container(b"GRAY", {b"desc": text, b"wtpt": white, b"kTRC": curve, b"cprt": b"text\0\0\0\0none\0\0\0\0"})


def container(space: bytes, parts: dict[bytes, bytes]) -> bytes:
    table, body, free = b"", b"", 128 + 4 + 12 * len(parts)
    for name, part in parts.items():
        table += name + struct.pack(">II", free + len(body), len(part))
        body += part + bytes(-len(part) % 4)
    size = free + len(body)
    head = struct.pack(">I4sI4s4s4s12x4s4x12xI", size, b"none", 0x02100000, b"mntr", space, b"XYZ ", b"acsp", 0)
    head += bytes(68 - len(head)) + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(parts)) + table + body


DISPLAY_P3 = profile((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
SWAPPED = profile((0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141), (0.4361, 0.2225, 0.0139))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def pixels(image: Image.Image) -> bytes:
    return image.tobytes()


def pixel(picture: Picture, x: int = 0, y: int = 0) -> Any:
    return picture.image.getpixel((x, y))


# --- what is no image -------------------------------------------------------------------------------------------

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (LFS, "git-lfs pointer"),
        (b"\n<!DOCTYPE html><h1>404</h1>", "an HTML page"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"not an image at all\n", "is text"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"G", "only 1 byte"),
        (b"\x89PNG\r\r\n\x1a\r\n\0\0\0\rIHDR", "as if it were text"),
        (b"\x89PNG\n\x1a\n\0\0\0\nIHDR", "as if it were text"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (bytes(100), "not a JPEG, PNG"),
        (b"\x89PNG\r\n\x1a\n", "truncated: the data ends after 8 bytes"),
    ],
)
def test_not_an_image(content: bytes, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        decode(content)


@pytest.mark.parametrize("name", [*SUFFIXES, "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated(name: str, share: float) -> None:
    content = saved(scene(400, 300), name)
    with pytest.raises(ImageError, match=r"truncated|damaged"):
        decode(content[: int(len(content) * share)])


def test_truncated_says_of_how_much_where_the_format_does() -> None:
    content = saved(scene(400, 300), "BMP")
    with pytest.raises(ImageError, match="truncated after 180 kB of 360 kB"):
        decode(content[:180_000])


def test_damage_is_told_without_addresses() -> None:
    content = png(2, 2, 8, 2, b"", chunk(b"IHDR", b"xx"))
    for _ in range(2):
        with pytest.raises(ImageError) as caught:
            decode(content)
        assert "0x" not in str(caught.value)


def test_content_decides_not_a_name_and_eps_is_never_run() -> None:
    assert decode(saved(scene(), "GIF")).format == "GIF"
    with pytest.raises(ImageError):
        decode(saved(scene(), "EPS"))


# --- limits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [8_000, 65_535])
def test_pixels_are_counted_before_they_are_decoded(side: int) -> None:
    with pytest.raises(ImageError, match=r"limits\.max_pixels allows \(50 megapixels\)"):
        decode(png(side, side, 8, 6, b"\0" * 100))


def test_scans_are_counted_before_they_are_decoded() -> None:
    content = saved(Image.new("L", (4000, 4000)), "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    assert decode(content[:-2] + last * 20 + content[-2:]).width == 4000
    with pytest.raises(ImageError, match=r"come in 1,3\d\d scans"):
        decode(content[:-2] + last * 1300 + content[-2:])


@pytest.mark.parametrize("name", [b"iCCP", b"zTXt"])
def test_what_unpacks_to_megabytes(name: bytes) -> None:
    bomb = chunk(name, b"x\0\0" + zlib.compress(bytes(5_000_000)))
    with pytest.raises(ImageError, match="unpacks to megabytes"):
        decode(png(1, 1, 8, 2, b"\0\1\2\3", bomb))


def test_limits_are_the_users() -> None:
    content = saved(scene(48, 32), "PNG")
    assert decode(content, Limits(max_pixels=48 * 32)).width == 48
    with pytest.raises(ImageError, match=r"48 x 32 px .*limits\.max_pixels"):
        decode(content, Limits(max_pixels=48 * 32 - 1))
    with pytest.raises(ImageError, match=r"limits\.max_bytes"):
        decode(content, Limits(max_bytes=len(content) - 1))


def test_pillows_limit_does_not_stand_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert decode(saved(scene(), "PNG")).width == 48
    assert not told
    assert Image.MAX_IMAGE_PIXELS == 100


def test_threads_leave_the_process_as_it_was() -> None:
    before, filters = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    content = saved(scene(600, 400), "PNG")
    threads = [threading.Thread(target=decode, args=(content,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before == Image.MAX_IMAGE_PIXELS
    assert list(warnings.filters) == filters


# --- best left alone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animated(name: str) -> None:
    frames = [scene().rotate(30 * turn) for turn in range(3)]
    content = saved(frames[0], name, save_all=True, append_images=frames[1:], duration=80)
    with pytest.raises(KeptError, match=r"animated \(3 frames\)"):
        decode(content)


def test_pages() -> None:
    content = saved(scene(), "TIFF", save_all=True, append_images=[scene()])
    with pytest.raises(KeptError, match="2 pages"):
        decode(content)
    (first,) = struct.unpack_from("<I", content, 4)
    (second,) = struct.unpack_from("<I", content, first + 2 + 12 * struct.unpack_from("<H", content, first)[0])
    empty = content[:second] + struct.pack("<H", 0) + bytes(4) + content[second + 6 :]  # no tag that says anything
    with pytest.raises(KeptError, match="2 pages"):
        decode(empty)


@pytest.mark.parametrize("big", [False, True])
def test_pages_in_a_circle_or_beyond_the_end_are_counted_once(big: bool) -> None:
    number, length = ("Q", "Q") if big else ("I", "H")
    head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) if big else b"II*\0" + struct.pack("<I", 8)
    page = struct.pack("<" + length, 0)
    for following in (len(head), 10_000, 2**31):
        assert pages(head + page + struct.pack("<" + number, following)) == 1


def test_several_pictures() -> None:
    with pytest.raises(KeptError, match="2 pictures"):
        decode(saved(scene(), "MPO", save_all=True, append_images=[scene()]))


def test_a_preview_beside_the_picture_is_no_loss() -> None:
    content = bytearray(saved(scene(), "MPO", save_all=True, append_images=[scene()]))
    index = Image.open(BytesIO(content)).mpinfo[0xB002]  # type: ignore[attr-defined]
    at = content.index(struct.pack("<I", index[1]["Size"]), content.index(b"MPF\0")) - 4
    content[at : at + 4] = struct.pack("<I", 0x010002)  # the second picture is a "Large Thumbnail (Full HD Equivalent)"
    assert decode(bytes(content)).format == "JPEG"


def test_gain_map() -> None:
    xmp = b'<x:xmpmeta xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
    with pytest.raises(KeptError, match="gain map"):
        decode(saved(scene(), "JPEG", xmp=xmp))


@pytest.mark.parametrize(
    ("cicp", "said"), [((9, 16), "HDR"), ((9, 18), "HDR"), ((12, 13), "not sRGB"), ((1, 13), None)]
)
def test_code_points(cicp: tuple[int, int], said: str | None) -> None:
    content = png(1, 1, 8, 2, b"\0\1\2\3", chunk(b"cICP", bytes([*cicp, 0, 1])))
    if said is None:
        assert pixel(decode(content)) == (1, 2, 3)
    else:
        with pytest.raises(KeptError, match=said):
            decode(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (saved(scene().convert("CMYK"), "JPEG"), "CMYK without"),
        (saved(scene(), "JPEG", icc_profile=b"\1\2\3" * 400), "profile is damaged"),
        (saved(scene(), "PNG", icc_profile=grey_profile(2.2)), "profile is for GRAY"),
        (saved(Image.new("F", (4, 4)), "TIFF"), "floating-point numbers, which are not converted"),
        (saved(Image.new("I", (4, 4)), "TIFF"), "whole numbers, which are not converted"),
        (png(1, 1, 16, 2, b"\0" + bytes(6), chunk(b"tRNS", bytes(6))), "16-bit colour with one transparent"),
    ],
)
def test_kept(content: bytes, said: str) -> None:
    with pytest.raises(KeptError, match=said):
        decode(content)


# --- orientation ------------------------------------------------------------------------------------------------


def exif(value: Any) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = value
    return tags.tobytes()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65535])
def test_upright(name: str, orientation: int) -> None:
    content = saved(scene(), name, exif=exif(orientation), **({"quality": 95} if name != "PNG" else {}))
    plain = Image.open(BytesIO(saved(scene(), name, **({"quality": 95} if name != "PNG" else {})))).convert("RGB")
    plain.getexif()[0x0112] = orientation if 1 <= orientation <= 8 else 1
    wanted = np.asarray(ImageOps.exif_transpose(plain)).astype(int)
    picture = decode(content)
    assert picture.image.size == wanted.shape[1::-1]
    assert np.abs(np.asarray(picture.image).astype(int) - wanted).mean() < 2  # AVIF turns while it is lossy


@given(st.integers(1, 8), st.integers(1, 9), st.integers(1, 9))
def test_orientation_round_trip(orientation: int, width: int, height: int) -> None:
    image = scene(width, height)
    undo = {6: 8, 8: 6}.get(orientation, orientation)
    image.getexif()[0x0112] = undo
    turned = ImageOps.exif_transpose(image)
    assert turned is not None
    picture = decode(saved(turned, "PNG", exif=exif(orientation)))
    assert np.array_equal(np.asarray(picture.image), np.asarray(scene(width, height)))


@pytest.mark.parametrize(
    ("kind", "count", "value"),
    [
        (2, 20, b"<?php phpinfo(); ?>\0"),
        (3, 2, struct.pack("<HH", 6, 6)),
        (4, 1, struct.pack("<I", 6)),
        (3, 0xFFFFFFFF, b"\6\0\0\0"),
    ],
)
def test_orientation_that_is_not_one_short_counts_as_1(kind: int, count: int, value: bytes) -> None:
    field, rest = (value, b"") if len(value) <= 4 else (struct.pack("<I", 26), value)
    block = b"Exif\0\0II*\0" + struct.pack("<IHHHI", 8, 1, 0x0112, kind, count) + field + bytes(4) + rest
    assert decode(saved(scene(), "JPEG", exif=block)).image.size == (48, 32)


def test_garbage_exif_is_no_fault() -> None:
    picture = decode(saved(scene(), "JPEG", exif=b"Exif\0\0" + bytes(range(256)) * 20))
    assert picture.width == 48
    assert metadata_for(picture, "copyright").exif is None


# --- colour -----------------------------------------------------------------------------------------------------


def test_display_p3_is_converted() -> None:
    grey_and_red = np.array([[[128, 128, 128], [200, 80, 80]]], np.uint8)
    picture = decode(saved(Image.fromarray(grey_and_red), "PNG", icc_profile=DISPLAY_P3))
    red = pixel(picture, 1)
    assert not picture.exact
    assert max(pixel(picture)) - min(pixel(picture)) <= 1
    assert abs(pixel(picture)[0] - 128) <= 2
    assert red[0] > 205
    assert red[1] < 78


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF"])
def test_a_profile_that_swaps_channels(name: str) -> None:
    options = {"lossless": True} if name == "WEBP" else {}
    picture = decode(saved(Image.new("RGB", (4, 4), (255, 0, 0)), name, icc_profile=SWAPPED, **options))
    assert pixel(picture)[1] > 250
    assert pixel(picture)[0] < 10


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
def test_srgb_profile_changes_nothing(mode: str) -> None:
    image = scene().convert(mode)
    picture = decode(saved(image, "PNG", icc_profile=SRGB))
    assert picture.exact
    assert pixels(flatten(picture.image)) == pixels(flatten(image.convert("RGBA")))


def test_alpha_survives_a_conversion() -> None:
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    picture = decode(saved(image, "PNG", icc_profile=SWAPPED))
    assert pixels(picture.image.getchannel("A")) == pixels(image.getchannel("A"))


@pytest.mark.parametrize(("mode", "wanted"), [("L", 188), ("LA", (188, 9))])
def test_grey_profile(mode: str, wanted: Any) -> None:
    image = Image.new(mode, (4, 4), 128 if mode == "L" else (128, 9))
    picture = decode(saved(image, "PNG", icc_profile=grey_profile(1.0)))  # linear light
    level = pixel(picture)
    assert picture.image.mode == mode
    assert not picture.exact
    assert np.abs(np.subtract(level, wanted)).max() <= 1


@pytest.mark.parametrize(
    ("extra", "level", "exact"),
    [
        (chunk(b"gAMA", struct.pack(">I", 45455)), 128, True),
        (chunk(b"gAMA", struct.pack(">I", 100_000)), 188, False),
        (chunk(b"gAMA", struct.pack(">I", 0)), 128, True),
        (chunk(b"gAMA", struct.pack(">I", 100_000)) + chunk(b"sRGB", b"\0"), 128, True),
    ],
)
def test_png_gamma(extra: bytes, level: int, exact: bool) -> None:
    picture = decode(png(1, 1, 8, 0, b"\0\x80", extra))
    assert pixel(picture) == level
    assert picture.exact is exact


def test_black_and_white_of_any_gamma_is_exact() -> None:
    picture = decode(png(8, 1, 1, 0, b"\0\x55", chunk(b"gAMA", struct.pack(">I", 100_000))))
    assert picture.exact
    assert [pixel(picture, x) for x in (0, 1)] == [0, 255]


# --- depth and modes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_ramp(name: str) -> None:
    ramp = np.linspace(0, 65535, 1024).round().astype(np.uint16)
    picture = decode(saved(Image.fromarray(np.tile(ramp, (4, 1))), name))
    assert picture.image.mode == "L"
    assert not picture.exact
    assert np.array_equal(np.asarray(picture.image)[0], (ramp / 257).round().astype(np.uint8))


def test_16_bit_grey_with_a_transparent_level() -> None:
    rows = b"\0" + struct.pack(">HHH", 1000, 1001, 65535)
    picture = decode(png(3, 1, 16, 0, rows, chunk(b"tRNS", struct.pack(">H", 1001))))
    assert [pixel(picture, x) for x in range(3)] == [(4, 255), (4, 0), (255, 255)]


@pytest.mark.parametrize(("kind", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_16_bit_colour_is_not_exact(kind: int, channels: int) -> None:
    picture = decode(png(1, 1, 16, kind, b"\0" + struct.pack(">H", 0x8080) * channels))
    assert not picture.exact
    assert set(np.atleast_1d(pixel(picture))) == {0x80}


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_grey_with_a_transparent_level(depth: int) -> None:
    most = (1 << depth) - 1
    bits = "".join(format(level, f"0{depth}b") for level in (0, most, most, 0)).ljust(8, "0")
    rows = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    for key, clear in ((most, 1), (0, 0)):
        picture = decode(png(4, 1, depth, 0, rows, chunk(b"tRNS", struct.pack(">H", key))))
        assert picture.alpha
        assert picture.exact
        assert pixel(picture, clear) == (255 * clear, 0)
        assert pixel(picture, 1 - clear) == (255 * (1 - clear), 255)


def test_rgb_with_a_transparent_colour() -> None:
    content = png(2, 1, 8, 2, b"\0\1\2\3\4\5\6", chunk(b"tRNS", struct.pack(">HHH", 4, 5, 6)))
    picture = decode(content)
    assert [pixel(picture, 0), pixel(picture, 1)] == [(1, 2, 3, 255), (4, 5, 6, 0)]


@pytest.mark.parametrize("name", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour(name: str) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    picture = decode(saved(image, name, transparency=1))
    assert pixel(picture, 0) == (10, 20, 30, 255)
    assert pixel(picture, 1)[3] == 0


def test_palette_with_half_transparent_colours() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    picture = decode(saved(image, "PNG", transparency=bytes([128, 255])))
    assert pixel(picture) == (10, 20, 30, 128)


@pytest.mark.parametrize(
    ("mode", "wanted"), [("1", "L"), ("L", "L"), ("LA", "L"), ("RGB", "RGB"), ("RGBA", "RGB"), ("P", "RGB")]
)
def test_modes_and_idle_alpha(mode: str, wanted: str) -> None:
    picture = decode(saved(scene().convert(mode), "PNG"))
    assert picture.image.mode == wanted
    assert picture.exact
    assert not picture.alpha


def test_nothing_rides_along() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "secret")
    content = saved(scene(), "PNG", pnginfo=text, icc_profile=SRGB, exif=exif(1), dpi=(300, 300))
    picture = decode(content)
    assert picture.image.info == {}
    assert type(picture.image) is Image.Image
    assert b"secret" not in saved(picture.image, "PNG")
    assert b"iCCP" not in saved(picture.image, "PNG")


# --- metadata ---------------------------------------------------------------------------------------------------


def photographers(**options: Any) -> Picture:
    tags = Image.Exif()
    tags[0x0112], tags[0x010F], tags[0x013B], tags[0x8298] = 6, "Camera", "Ann", "(c) Ann"
    tags.get_ifd(0x8825)[1] = "N"
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    return decode(saved(scene(), "JPEG", exif=tags.tobytes(), xmp=xmp, **options))


def tags_of(block: bytes | None) -> Image.Exif:
    tags = Image.Exif()
    tags.load(block or b"")
    return tags


def test_strip() -> None:
    stripped = metadata_for(photographers(), "strip")
    assert stripped.exif is None
    assert stripped.xmp is None


def test_copyright_alone() -> None:
    carried = metadata_for(photographers(), "copyright")
    assert dict(tags_of(carried.exif)) == {0x013B: "Ann", 0x8298: "(c) Ann"}
    assert carried.xmp is None


def test_keep_is_upright() -> None:
    carried = metadata_for(photographers(), "keep")
    tags = tags_of(carried.exif)
    assert (tags[0x0112], tags[0x010F], tags.get_ifd(0x8825)[1]) == (1, "Camera", "N")
    assert carried.xmp == b'<x:xmpmeta><rdf:Description tiff:Orientation="1"/></x:xmpmeta>'


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("policy", ["copyright", "keep"])
def test_every_format_takes_the_blobs(name: str, policy: Any) -> None:
    carried = metadata_for(photographers(), policy)
    again = Image.open(BytesIO(saved(scene(), name, exif=carried.exif)))
    again.load()
    assert again.getexif()[0x8298] == "(c) Ann"
    assert again.getexif().get(0x0112, 1) == 1


def test_signs_beyond_ascii_survive() -> None:
    name = "\u00a9 J\u00f6rg".encode()
    entry = struct.pack(">HHII", 0x8298, 2, len(name) + 1, 26)
    block = b"Exif\0\0MM\0*\0\0\0\x08\0\1" + entry + bytes(4) + name + b"\0"
    picture = decode(saved(scene(), "JPEG", exif=block))
    assert name in (metadata_for(picture, "copyright").exif or b"")
    assert name in (metadata_for(picture, "keep").exif or b"")


def test_rights_from_xmp_alone() -> None:
    xmp = b"<x><dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>A &amp; B</rdf:li></rdf:Alt></dc:rights></x>"
    picture = decode(saved(scene(), "JPEG", xmp=xmp))
    assert dict(tags_of(metadata_for(picture, "copyright").exif)) == {0x8298: "A & B"}


def test_rights_from_iptc_alone() -> None:
    records = b"".join(
        b"\x1c\2" + struct.pack(">BH", kind, len(text)) + text for kind, text in ((80, b"Ann"), (116, b"A+B"))
    )
    block = b"Photoshop 3.0\x008BIM" + struct.pack(">HHI", 0x0404, 0, len(records)) + records + bytes(len(records) % 2)
    content = saved(scene(), "JPEG")
    content = content[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + content[2:]
    assert dict(tags_of(metadata_for(decode(content), "copyright").exif)) == {0x013B: "Ann", 0x8298: "A+B"}


def test_thumbnails_are_dropped() -> None:
    small = saved(scene(16, 16), "JPEG")
    first = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 26)
    second = struct.pack(">HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(small), 0)
    picture = decode(saved(scene(), "JPEG", exif=b"Exif\0\0" + first + second + small))
    kept = metadata_for(picture, "keep").exif or b""
    assert small in (picture.blobs.exif or b"")
    assert b"\xff\xd8" not in kept
    assert tags_of(kept)[0x0112] == 1


# --- sizes and views --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((10, 10), (10, 10)),
        ((1024, 8), (1024, 8)),
        ((2048, 1024), (1024, 512)),
        ((1, 9000), (1, 1024)),
        ((5000, 1), (1024, 1)),
    ],
)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_view(size: tuple[int, int], seen: tuple[int, int], mode: str) -> None:
    shown = view(Image.new(mode, size))
    assert shown.mode == "RGB"
    assert shown.size == seen
    assert max(shown.size) <= VIEW_PX


def test_flatten_shows_the_background() -> None:
    half = Image.new("RGBA", (2, 2), (255, 0, 0, 128))
    assert flatten(half, (0, 0, 255)).getpixel((0, 0)) == (128, 0, 127)
    assert flatten(Image.new("LA", (1, 1), (9, 0)), (1, 2, 3)).getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_no_fringe_from_colours_under_transparency(mode: str) -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))  # black, but nobody sees it
    image.paste((255, 255, 255, 255), (0, 0, 201, 400))
    small = flatten(resize(image.convert(mode), (37, 37)), (255, 255, 255))
    assert np.asarray(small).min() >= 253


def test_resize_to_its_own_size_is_no_copy() -> None:
    image = scene()
    assert resize(image, image.size) is image
    assert resize(image, (7, 5)).size == (7, 5)


# --- whatever the bytes -----------------------------------------------------------------------------------------

SEEDS = {
    "JPEG": saved(scene(), "JPEG", exif=exif(6), icc_profile=SRGB),
    "PNG": saved(scene().quantize(16), "PNG", exif=exif(3), transparency=0, icc_profile=DISPLAY_P3),
    "WEBP": saved(scene(), "WEBP", exif=exif(8), icc_profile=SRGB),
    "GIF": saved(scene(), "GIF", transparency=2),
    "TIFF": saved(scene(), "TIFF", exif=exif(5)),
    "AVIF": saved(scene(), "AVIF", exif=exif(2)),
}


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(SEEDS)), draw=st.data())
def test_mutated_bytes_end_in_a_picture_or_a_sentence(name: str, draw: st.DataObject) -> None:
    content = bytearray(SEEDS[name])
    for _ in range(draw.draw(st.integers(1, 6))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    content = content[: draw.draw(st.integers(0, len(content)))] if draw.draw(st.booleans()) else content
    try:
        picture = decode(bytes(content), Limits(max_pixels=1_000_000))
    except (ImageError, KeptError) as error:
        said = str(error)
    else:
        said = picture.image.mode
        metadata_for(picture, "copyright")
        metadata_for(picture, "keep")
    assert said
    assert "\n" not in said
