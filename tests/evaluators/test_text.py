"""Whether words can still be read: the comparison of two readings, and the judge that makes them."""

import importlib.metadata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from conftest import encoded, photo
from semopt.evaluators import KINDS, text
from semopt.evaluators.calibration import THRESHOLD
from semopt.evaluators.legibility import distance, error_rate
from semopt.evaluators.reading import CORE, Reading
from semopt.types import EvaluatorError, EvaluatorSpec

SPEC = EvaluatorSpec("text", "text")
WORDS = ("Getting started with the command line", "pip install package", "A folder of images is built in 2 seconds")


# --- two readings -----------------------------------------------------------------------------------------------------


def reading(*lines, size=(400, 300), step=10.0, height=16.0, confidence=0.99):
    """Lines as (text, left, top), each character `step` px wide."""
    rows = [
        (number, ord(one), confidence, left + step * at, top, height)
        for number, (words, left, top) in enumerate(lines)
        for at, one in enumerate(words)
    ]
    return Reading(np.array(size, np.float32), np.array(rows, np.float32).reshape(-1, 6))


HELLO = reading(("hello", 20, 40), ("world", 20, 80))


@pytest.mark.parametrize(
    ("observed", "wanted"),
    [
        (HELLO, 0.0),
        (reading(("hallo", 20, 40), ("world", 20, 80)), 0.1),
        (reading(("hllo", 20, 40), ("world", 20, 80)), 0.1),
        (reading(("hello", 20, 40)), 0.5),
        (reading(), 1.0),
        (reading(("hello", 20, 140), ("world", 20, 180)), 1.0),  # elsewhere
        (reading(("hel", 20, 40), ("lo", 50, 41), ("world", 20, 79)), 0.0),  # found in two parts
        (reading(("lo", 50, 41), ("hel", 20, 40), ("world", 20, 79)), 0.0),
        (reading(("hello", 20, 40), ("all", 90, 40), ("world", 20, 80)), 0.0),  # more beside it
        (reading(("hello", 10, 20), ("world", 10, 40), size=(200, 150), step=5.0, height=8.0), 0.0),  # half the size
    ],
)
def test_the_rate_is_of_the_characters_of_the_original(observed, wanted):
    assert error_rate(HELLO, observed) == pytest.approx(wanted)


def test_what_was_not_read_with_confidence_does_not_count():
    assert error_rate(reading(("hello", 20, 40), confidence=0.6), reading()) is None
    assert error_rate(reading(("Q", 20, 40)), reading()) is None
    assert error_rate(reading(), HELLO) is None


def test_a_line_may_run_in_any_direction():
    rows = [(0, ord(one), 0.99, 100 + 3 * at, 200 - 9 * at, 16) for at, one in enumerate("slanted")]
    slanted = Reading(np.array((400, 300), np.float32), np.array(rows, np.float32))
    assert error_rate(slanted, slanted) == 0.0
    assert error_rate(slanted, HELLO) == 1.0


@given(st.text("abc", max_size=7), st.text("abc", max_size=9))
def test_the_distance_is_to_the_best_part(wanted, found):
    parts = [found[first:last] for first in range(len(found) + 1) for last in range(first, len(found) + 1)]
    assert distance(codes(wanted), codes(found)) == min(edits(wanted, part) for part in parts)


def codes(words):
    return np.array([ord(one) for one in words], np.float32)


def edits(one, other):
    row = list(range(len(other) + 1))
    for first, a in enumerate(one, 1):
        before, row = row, [first]
        for second, b in enumerate(other, 1):
            row.append(min(before[second] + 1, row[-1] + 1, before[second - 1] + (a != b)))
    return row[-1]


# --- the judge --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judge():
    pytest.importorskip("rapidocr")
    return KINDS["text"].load(SPEC, progress=False)


def page(size=(480, 200), corner=(24, 24), points=16):
    """A piece of a page: three lines of words."""
    image = Image.new("RGB", size, (252, 252, 250))
    draw = ImageDraw.Draw(image)
    for row, words in enumerate(WORDS):
        place = (corner[0], corner[1] + 3 * points * row)
        draw.text(place, words, fill=(30, 30, 50), font=ImageFont.load_default(points))
    return image


def said(reading):
    """All that was read, line by line."""
    rows = reading.characters
    return ["".join(chr(int(code)) for code in rows[rows[:, 0] == number, 1]) for number in np.unique(rows[:, 0])]


def score(judge, before, after):
    return judge.compare(*judge.observe([before, after]))


def test_it_reads_what_stands_there(judge):
    assert said(judge.observe([page()])[0]) == [words.replace(" ", "") for words in WORDS]


def test_a_good_copy_can_be_read_and_a_smear_cannot(judge):
    original = page()
    copy = Image.open(encoded_file(original, "WEBP", quality=80)).convert("RGB")
    assert score(judge, original, copy).similarity > THRESHOLD
    assert score(judge, original, original.resize((240, 100))).similarity >= 0.5
    smear = score(judge, original, original.filter(ImageFilter.GaussianBlur(4)))
    assert smear.similarity < 0.5
    assert smear.cer > 0.5


def encoded_file(image, *format, **options):
    import io

    return io.BytesIO(encoded(image, *format, **options))


def test_one_word_painted_over_counts(judge):
    after = page()
    after.paste((252, 252, 250), (0, 60, 180, 110))
    assert 0.05 < score(judge, page(), after).cer < 0.5


def test_without_text_it_has_no_say(judge):
    nothing = score(judge, photo(), photo(seed=1))
    assert (nothing.similarity, nothing.cer) == (1.0, None)
    assert nothing.silent == "no text can be read in the original"


def test_text_across_the_edges_of_tiles_is_read_once(judge):
    large = page((CORE + 300, CORE + 200), (CORE - 120, CORE - 30))
    reading = judge.observe([large])[0]
    found, wanted = Counter("".join(said(reading))), Counter("".join(WORDS).replace(" ", ""))
    assert (wanted - found).total() <= 2  # one on the very edge may be seen on the wrong side by both tiles
    assert (found - wanted).total() <= 2
    assert score(judge, large, large).cer == 0.0
    assert score(judge, large, Image.new("RGB", large.size, (252, 252, 250))).cer == 1.0


def test_it_runs_on_one_thread_and_downloads_nothing(judge, monkeypatch):
    from rapidocr.utils.download_file import DownloadFile

    monkeypatch.setattr(DownloadFile, "run", None)
    engine = KINDS["text"].load(SPEC, progress=False)._reader._engine
    engine(np.full((64, 64, 3), 255, np.uint8))
    for one in (engine._load_det_model(), engine._load_rec_model()):
        options = one.session.session.get_session_options()
        assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


@pytest.mark.parametrize("missing", ["rapidocr", "onnxruntime"])
def test_what_is_missing_is_named_with_the_extra_that_brings_it(missing, monkeypatch):
    known = importlib.metadata.version

    def version(name):
        if name == missing:
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name) if name != "rapidocr" else "3.10.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    for ask in (lambda: text.fingerprint(SPEC), lambda: text.load(SPEC, progress=False)):
        with pytest.raises(EvaluatorError, match=rf"{missing} is not installed; pip install 'semopt\[text\]'"):
            ask()


def test_a_package_without_networks_is_named(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1")
    monkeypatch.setattr(text.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EvaluatorError, match="does not carry"):
        text.load(SPEC, progress=False)


def test_raise_the_algorithms_number_when_this_fails():
    """The fingerprint holds the number, not the code: the same number must mean the same score."""
    assert (text.ALGORITHM, text.SAFE) == (1, 0.02)
    assert error_rate(HELLO, reading(("hallo", 22, 44), ("worl", 20, 78))) == pytest.approx(0.2)
