"""What every encoder of the table promises."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, JpegImagePlugin

from conftest import drawing, photo
from semopt.encoders import ENCODERS, NAMES
from semopt.encoders.bleed import SHOWN, bled
from semopt.encoders.colour import FINE, SEEN, fine_colour
from semopt.encoders.pillow import CLOSE
from semopt.perceptual import sample, ssimulacra2
from semopt.types import Encoder, ImageError, Metadata

ALL = pytest.mark.parametrize("encoder", ENCODERS.values(), ids=NAMES)
LOSSY = pytest.mark.parametrize("encoder", [e for e in ENCODERS.values() if e.ladder], ids=lambda e: e.name)
SAMPLED = pytest.mark.parametrize("encoder", [ENCODERS["avif"], ENCODERS["jpeg"]], ids=lambda e: e.name)
LOSSLESS = pytest.mark.parametrize("encoder", [e for e in ENCODERS.values() if e.lossless], ids=lambda e: e.name)


def some_quality(encoder: Encoder) -> int | None:
    return encoder.ladder[len(encoder.ladder) // 2] if encoder.ladder else None


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@ALL
def test_its_row_makes_sense(encoder: Encoder) -> None:
    assert ENCODERS[encoder.name] is encoder
    assert encoder.suffix.startswith(".")
    assert list(encoder.ladder) == sorted(set(encoder.ladder))
    assert all(encoder.worst <= quality <= encoder.best for quality in encoder.ladder)
    assert encoder.ladder or encoder.lossless
    assert encoder.name in encoder.fingerprint()
    assert "pillow-" in encoder.fingerprint()


@ALL
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (3, 200)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA"])
def test_what_it_writes_is_its_format_at_the_same_size(encoder: Encoder, mode: str, size: tuple[int, int]) -> None:
    image = photo(*size).convert(mode)
    if "A" in mode and not encoder.alpha:
        with pytest.raises(ImageError, match="no transparency"):
            encoder.encode(image, some_quality(encoder), Metadata())
        return
    back = opened(encoder.encode(image, some_quality(encoder), Metadata()))
    assert back.size == size
    assert Image.MIME[back.format or ""] == encoder.media_type


@ALL
def test_the_same_pixels_give_the_same_bytes(encoder: Encoder) -> None:
    quality = some_quality(encoder)
    assert encoder.encode(photo(90, 70), quality, Metadata()) == encoder.encode(photo(90, 70), quality, Metadata())


@LOSSY
def test_more_quality_is_more_bytes_and_closer(encoder: Encoder) -> None:
    image = photo(160, 120)
    contents = [encoder.encode(image, quality, Metadata()) for quality in encoder.ladder]
    apart = [
        np.abs(np.asarray(image, float) - np.asarray(opened(one).convert("RGB"), float)).mean() for one in contents
    ]
    assert [len(one) for one in contents] == sorted(len(one) for one in contents)
    assert apart[0] > apart[-1]


@LOSSLESS
@pytest.mark.parametrize(
    "image", [photo(70, 50), drawing(70, 50), photo(9, 9).convert("L")], ids=["photo", "few", "grey"]
)
def test_lossless_means_every_pixel(encoder: Encoder, image: Image.Image) -> None:
    back = opened(encoder.encode(image, None, Metadata()))
    assert back.convert("RGB").tobytes() == image.convert("RGB").tobytes()


@pytest.mark.parametrize("encoder", [e for e in ENCODERS.values() if not e.lossless], ids=lambda e: e.name)
def test_lossy_only_says_so(encoder: Encoder) -> None:
    with pytest.raises(ImageError, match="no lossless mode"):
        encoder.encode(photo(9, 9), None, Metadata())


@ALL
def test_nothing_is_carried_unless_it_is_handed_over(encoder: Encoder) -> None:
    exif = Image.Exif()
    exif[0x8298] = "Ada"
    plain = opened(encoder.encode(photo(40, 30), some_quality(encoder), Metadata()))
    laden = opened(encoder.encode(photo(40, 30), some_quality(encoder), Metadata(exif.tobytes(), b"<x:xmpmeta/>")))
    assert not {"exif", "xmp", "icc_profile"} & set(plain.info)
    assert laden.getexif().get(0x8298) == "Ada"
    assert "xmp" in laden.info or "XML:com.adobe.xmp" in laden.info


@ALL
def test_metadata_too_large_for_the_format_is_left_out(encoder: Encoder) -> None:
    content = encoder.encode(photo(40, 30), some_quality(encoder), Metadata(xmp=b"<x>" + b" " * 100_000 + b"</x>"))
    assert opened(content).size == (40, 30)


@pytest.mark.parametrize("name", ["webp", "jpeg"])
def test_a_size_that_the_format_cannot_hold_is_an_image_error(name: str) -> None:
    wide = Image.new("RGB", (ENCODERS[name].max_side + 100, 1))
    with pytest.raises(ImageError, match="cannot hold this image"):
        ENCODERS[name].encode(wide, 50, Metadata())


def test_jpeg_is_baseline_when_small_and_progressive_when_not() -> None:
    small = ENCODERS["jpeg"].encode(photo(100, 80), 50, Metadata())
    large = ENCODERS["jpeg"].encode(photo(400, 300), 50, Metadata())
    assert "progressive" not in opened(small).info
    assert "progressive" in opened(large).info


def stripes(width: int = 300, height: int = 280) -> Image.Image:
    """Red lines of one pixel on green of the same lightness: all that it shows is colour."""
    image = Image.new("RGB", (width, height), (60, 140, 60))
    for x in range(width // 4, width // 2, 3):
        image.paste((206, 66, 66), (x, height // 8, x + 1, height - height // 8))
    return image


@SAMPLED
def test_fine_colour_keeps_its_resolution(encoder: Encoder) -> None:
    def sampled(quality: int) -> bool:
        back = np.asarray(opened(encoder.encode(stripes(), quality, Metadata())).convert("RGB"), float)
        line, ground = back[140, 75 + 3 * 4], back[140, 75 + 3 * 4 + 2]
        return bool(line[0] - ground[0] < 110)  # 146 in the picture; half of the resolution leaves a third of it

    assert not sampled(75)
    assert sampled(45)


@SAMPLED
def test_a_picture_of_fine_colour_can_be_close_to_the_eye(encoder: Encoder) -> None:
    back = opened(encoder.encode(stripes(), encoder.best, Metadata())).convert("RGB")
    assert ssimulacra2(sample(stripes()), back) > 85


def test_colour_is_sampled_where_there_is_little_of_it() -> None:
    back = opened(ENCODERS["jpeg"].encode(photo(), 85, Metadata()))
    assert JpegImagePlugin.get_sampling(back) == 2
    back = opened(ENCODERS["jpeg"].encode(stripes(), 85, Metadata()))
    assert JpegImagePlugin.get_sampling(back) == 0


def test_fine_colour_in_levels() -> None:
    assert fine_colour(photo().convert("L")) == 0
    assert fine_colour(Image.new("RGB", (9, 9), "red")) == 0
    assert fine_colour(photo()) < FINE < fine_colour(stripes())
    assert fine_colour(stripes().convert("RGBA")) == pytest.approx(fine_colour(stripes()))
    tall = fine_colour(stripes(300, 2800)), fine_colour(stripes(300, 96))
    assert tall[0] == pytest.approx(tall[1], rel=0.1)  # of which bands are looked at, and all


def test_fine_colour_is_the_same_at_odd_sizes() -> None:
    cells = np.random.default_rng(0).integers(0, 256, (150, 150, 3), np.uint8)
    blocks = Image.fromarray(cells.repeat(2, axis=0).repeat(2, axis=1))
    for size in ((300, 300), (299, 297), (300, 95), (299, 97), (2, 2)):
        assert fine_colour(blocks.crop((0, 0, *size))) == 0
    assert fine_colour(blocks.crop((0, 0, 1, 300))) == 0


@pytest.mark.parametrize("quality", [75, 85, 94, 95])
def test_a_jpeg_of_coloured_noise_is_written(quality: int) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8))
    content = ENCODERS["jpeg"].encode(noise, quality, Metadata())
    assert JpegImagePlugin.get_sampling(opened(content)) == 0


def test_less_fine_colour_counts_at_high_qualities_of_avif() -> None:
    def sampled(quality: int) -> bool:
        content = ENCODERS["avif"].encode(picture, quality, Metadata())
        return bool(content[content.index(b"av1C") + 6] >> 3 & 1)  # chroma_subsampling_x, AV1 in ISOBMFF 2.3

    picture = Image.blend(stripes(), Image.new("RGB", (300, 280), (60, 140, 60)), 1 - 2 / fine_colour(stripes()))
    assert SEEN < fine_colour(picture) < FINE
    assert sampled(CLOSE - 1)
    assert not sampled(CLOSE)


def test_a_drawing_of_few_colours_becomes_a_palette() -> None:
    assert opened(ENCODERS["png"].encode(drawing(), None, Metadata())).mode == "P"


def cut_out(mode: str, size: tuple[int, int] = (203, 161)) -> Image.Image:
    """A photograph that shows in a circle with a soft edge; what is hidden is still in the file."""
    image, alpha = photo(*size).convert(mode), Image.radial_gradient("L").resize(size)
    image.putalpha(alpha.point([min(255, max(0, 3 * (150 - level))) for level in range(256)]))
    return image


def with_other_colours(image: Image.Image, level: int) -> Image.Image:
    """The same image, all that is wholly transparent of one colour."""
    samples = np.array(image)
    samples[samples[..., -1] == 0, :-1] = level
    return Image.fromarray(samples, image.mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("size", [(203, 161), (1, 40), (40, 1), (1, 1), (64, 64)])
def test_bleeding_keeps_alpha_and_what_shows(mode: str, size: tuple[int, int]) -> None:
    image = cut_out(mode, size)
    before, after = np.asarray(image, float), np.asarray(bled(image), float)
    alpha = before[..., -1:]
    assert np.array_equal(alpha, after[..., -1:])
    assert (np.abs(before - after) * alpha / 255).max() < SHOWN + 1


def test_a_faint_shadow_stays_a_shadow() -> None:
    image = Image.new("RGBA", (120, 120), (0, 0, 0, 12))
    image.paste((255, 255, 255, 255), (0, 0, 60, 120))
    assert bled(image).getpixel((110, 60)) == (0, 0, 0, 12)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_bleeds_in_are_the_colours_that_are_seen(mode: str) -> None:
    image = cut_out(mode)
    samples = np.array(image)
    samples[samples[..., -1] > 0, :-1] = 180
    after = np.asarray(bled(Image.fromarray(samples, mode)))
    assert np.abs(after[..., :-1].astype(int) - 180).max() <= 2


def test_what_can_hardly_be_seen_bleeds_where_it_shows_the_same() -> None:
    samples = np.full((64, 64, 4), 180, np.uint8)
    samples[:, 32:, :3] = np.random.default_rng(0).integers(0, 256, (64, 32, 3))
    samples[..., 3] = 255
    samples[:, 32:, 3] = 2  # so little that no colour moves what shows by more than a level
    assert np.abs(np.asarray(bled(Image.fromarray(samples)), int)[..., :3] - 180).max() <= 2
    samples[:, 32:, 3] = 17
    assert bled(Image.fromarray(samples)).tobytes() == samples.tobytes()


@pytest.mark.parametrize("alpha", [255, 60, 17])
def test_fine_colour_is_counted_over_what_is_not_wholly_transparent(alpha: int) -> None:
    figure, half = fine_colour(stripes()), stripes().convert("RGBA")
    half.putalpha(alpha)
    assert fine_colour(half) == pytest.approx(figure)
    wide = Image.new("RGBA", (600, 560), (60, 140, 60, 0))
    wide.paste(stripes().convert("RGBA"), (0, 0))
    assert fine_colour(wide) == pytest.approx(figure, rel=0.3)
    wide.putalpha(0)
    assert fine_colour(wide) == 0


def test_with_transparency_less_fine_colour_keeps_its_resolution() -> None:
    picture = Image.blend(stripes(), Image.new("RGB", (300, 280), (60, 140, 60)), 1 - 2 / fine_colour(stripes()))
    assert SEEN < fine_colour(picture) < FINE
    sampled = []
    for alpha in (255, 0):
        image = picture.convert("RGBA")
        image.putpixel((0, 0), (60, 140, 60, alpha))
        content = ENCODERS["avif"].encode(image if alpha == 0 else picture, 60, Metadata())
        sampled.append(bool(content[content.index(b"av1C") + 6] >> 3 & 1))
    assert sampled == [True, False]


def test_what_hides_nothing_is_not_touched() -> None:
    opaque = photo(20, 20).convert("RGBA")
    assert bled(opaque) is opaque
    assert bled(photo(20, 20)).mode == "RGB"
    assert bled(Image.new("RGBA", (20, 20), (1, 2, 3, 0))).getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("name", ["webp", "avif"])
def test_hidden_colours_cost_nothing(name: str, mode: str) -> None:
    image, encoder = cut_out(mode), ENCODERS[name]
    kept, black, white = (
        encoder.encode(one, 60, Metadata())
        for one in (image, with_other_colours(image, 0), with_other_colours(image, 255))
    )
    assert kept == black == white
    assert ssimulacra2(sample(image), opened(kept)) > 60


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("name", ["webp", "avif"])
def test_alpha_keeps_its_shape_at_the_worst_quality(name: str, mode: str) -> None:
    letters, encoder = Image.new(mode, (240, 80), (255,) * (len(mode) - 1) + (0,)), ENCODERS[name]
    ImageDraw.Draw(letters).text((20, 20), "White logo", (255,) * len(mode), ImageFont.load_default(40))
    back = opened(encoder.encode(letters, encoder.worst, Metadata())).convert("RGBA").getchannel("A")
    apart = np.abs(np.asarray(back, int) - np.asarray(letters.getchannel("A"), int))
    assert apart.max() < 40  # 142 by the quality of the colours
