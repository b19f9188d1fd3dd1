"""One image under search: chains of saving again, and that what is put away comes back the same."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from conftest import encoded, photo
from semopt import session as module
from semopt.atomic import digest
from semopt.encoders import ENCODERS
from semopt.session import Opening, Session
from semopt.types import Candidate, Canvas, Limits, Look, Metadata


@pytest.fixture
def session(tmp_path: Path) -> Session:
    file = tmp_path / "one.png"
    file.write_bytes(content := encoded(photo(90, 60), "PNG"))
    return Session(Opening(file, digest(content), Limits(), (255, 255, 255), "strip"))


def test_a_chain_is_saved_link_by_link(session: Session) -> None:
    image = photo(90, 60)
    for quality in (60, 0, 100, 20):
        content = ENCODERS["jpeg"].encode(image, quality, Metadata())
        image = Image.open(io.BytesIO(content))
    candidate = Candidate("jpeg", 90, 60, 20, (60, 0, 100))
    assert session.fetch([candidate]) == [content]
    assert session.views([candidate])[0].tobytes() == image.tobytes()
    assert session.fetch([Candidate("jpeg", 90, 60, 20)]) != [content]


def test_views_come_on_the_canvas_that_a_judge_wants(session: Session) -> None:
    """After the look: the judge is shown what it would make of the plain views itself."""
    canvas = Canvas(40, 30, Image.Resampling.BILINEAR, gap=2.0)
    candidate = Candidate("webp", 60, 40, 50)
    looks: tuple[Look, ...] = ("plain", "mirror", "shift", "resample")
    for look in looks:
        seen = session.shown([None, candidate], [None, canvas], look)
        assert [one.size for one in seen[canvas]] == [(40, 30)] * 2
        assert [one.tobytes() for one in seen[canvas]] == [canvas.squashed(one).tobytes() for one in seen[None]]


def test_what_was_put_away_is_made_again_the_same(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [Candidate("jpeg", 90 - step, 60, 85) for step in range(30)]
    chain = [Candidate("jpeg", 90, 60, 50, tuple(range(step))) for step in range(30)]
    whole = session.fetch([*sizes, *chain])
    assert sum(image.width * image.height for image in session._sized.values()) <= 2 * session.pixels
    monkeypatch.setattr(module, "ENCODED_BYTES", 1000)
    assert session.fetch([*chain, *sizes]) == [*whole[30:], *whole[:30]]
    again = Session(session._opening)
    assert again.fetch([*sizes, chain[29], chain[28]]) == [*whole[:30], whole[59], whole[58]]
    assert sum(map(len, filter(None, again._encoded.values()))) < 4000


def test_a_chain_of_what_an_encoder_cannot_hold_is_none(session: Session) -> None:
    assert session.encode([Candidate("png", 90, 60, 5, (50,)), Candidate("jpeg", 70_000, 1, 5, (50,))])[1:] == [None]
