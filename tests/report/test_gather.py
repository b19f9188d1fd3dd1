"""What the report tells, and that no name or label can act on the page."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from conftest import Tree, drawing, encoded, photo
from semopt import config
from semopt.report import gather, render
from semopt.report.gather import Report
from semopt.report.thumbs import NAME, Thumbs, thumb
from semopt.types import KeptError, Limits

RULES = """version: 1
rules:
  - {match: "small/**", strategy: semantic, formats: [webp], keep: {similarity: 0.3}}
  - {match: "**", strategy: lossless}
"""
EVIL = "<img src=x onerror=alert(1)>&quot;'\u2028.png"


@pytest.fixture
def built(tree: Tree) -> Tree:
    tree.put("semopt.yaml", RULES)
    tree.put("small/photo.jpg", encoded(photo(240, 180, 1)))
    tree.put("drawing one.png", encoded(drawing(), "PNG"))
    tree.put("broken.jpg", b"\xff\xd8\xff\xe0")
    if sys.platform != "win32":
        tree.put(EVIL, encoded(drawing(60, 40), "PNG"))
        tree.put(os.fsdecode(b"caf\xe9.png"), encoded(drawing(50, 40), "PNG"))
    tree.build()
    return tree


def of(tree: Tree) -> Report:
    return gather(config.load(tree.root / "semopt.yaml"), tree.root / ".semopt/report.html")


def test_every_image_is_there_with_its_trials_and_judges(built: Tree) -> None:
    report = of(built)
    assert [image["path"] for image in report.images] == sorted(image["path"] for image in report.images)
    assert len(report.images) == len(built.manifest) == len(report.details)
    by_path = dict(
        zip((image["path"] for image in report.images), zip(report.images, report.details, strict=True), strict=True)
    )
    image, detail = by_path["small/photo.jpg"]
    assert image["url"] == "../small/photo.jpg"
    assert image["thumb"].startswith("data:image/webp;base64,")
    assert image["margin"] is not None
    (judged,) = detail["judges"]
    assert (judged["judge"], judged["variant"]) == ("embedded", 0)
    assert [trial[7] for trial in detail["trials"]].count("winner") == 1
    assert detail["work"][1] > 0
    image, detail = by_path["broken.jpg"]
    assert (image["status"], image["thumb"], image["variants"]) == ("failed", None, [])
    assert by_path["drawing one.png"][0]["url"] == "../drawing%20one.png"


def test_a_second_report_decodes_nothing_and_a_lost_cache_costs_the_trials_alone(
    built: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = of(built)
    monkeypatch.setattr(Thumbs, "_made", None)
    assert of(built) == first
    assert built.semopt("cache", "clear").returncode == 0
    again = of(built)
    assert again.images == first.images
    assert all(detail["trials"] is None for detail in again.details)


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 10**5, b'{"a": "javascript:alert(1)"}', b'{"a": 1}'])
def test_a_damaged_store_of_small_pictures_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert Thumbs(tmp_path, Limits()).of({}) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are another thing on Windows")
def test_a_manifest_that_names_a_pipe_holds_no_report_up(built: Tree, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    manifest = json.loads((built.root / "semopt-manifest.json").read_text())
    manifest["assets"]["../pipe"] = {**manifest["assets"]["drawing one.png"], "sha256": "0" * 64}
    built.put("semopt-manifest.json", json.dumps(manifest))
    thumbs = {image["path"]: image["thumb"] for image in of(built).images}
    assert thumbs["../pipe"] is None
    assert thumbs["drawing one.png"] is not None


def test_a_small_picture_is_upright_in_srgb_and_small() -> None:
    import io

    from PIL import Image

    tall = photo(400, 300, 2)
    exif = Image.Exif()
    exif[0x0112] = 6
    uri = thumb(encoded(tall, "JPEG", exif=exif), Limits())
    import base64

    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as small:
        assert small.size == (63, 84)
    assert len(uri) < 4000
    tall.putalpha(Image.radial_gradient("L").resize(tall.size))
    with Image.open(io.BytesIO(base64.b64decode(thumb(encoded(tall, "PNG"), Limits()).partition(",")[2]))) as small:
        assert small.mode == "RGBA"
    with pytest.raises(KeptError):
        thumb(encoded(Image.new("CMYK", (20, 20))), Limits())


def test_names_and_labels_are_data_and_never_markup(built: Tree) -> None:
    page = render(of(built))
    assert "onerror=alert" in page
    assert "<img src=x" not in page
    blocks = re.findall(r'<script type="application/json" id="([a-z0-9-]+)">(.*?)</script>', page)
    assert [name for name, _ in blocks] == ["images", "details-0"]
    head = json.loads(blocks[0][1])
    if sys.platform != "win32":
        assert EVIL in {image["path"] for image in head["images"]}
        assert {image["url"] for image in head["images"]} >= {"../caf%E9.png"}
    evil = Report("</title><script>alert(1)</script>", [], [], [])
    assert "<script>alert" not in render(evil)


def test_the_command_writes_it_and_clean_takes_it_away(built: Tree) -> None:
    ran = built.semopt("report")
    assert (ran.returncode, ran.stdout) == (0, f"Report: {built.root}/.semopt/report.html\n".replace("/", os.sep))
    assert (built.root / ".semopt/report.html").exists()
    assert built.semopt("clean").returncode == 0
    assert not (built.root / ".semopt").exists()
    assert "run semopt build first" in built.semopt("report").stderr
    ran = built.semopt("build", "--report")
    assert "Report: " in ran.stderr
    assert built.semopt("report", "-o", "pages/r.html").returncode == 0
    assert '"url":"../small/photo.jpg"' in (built.root / "pages/r.html").read_text()
