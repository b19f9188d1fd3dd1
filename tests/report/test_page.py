"""The report in a real browser: a few images as built, and 5,000."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from browser import Browser
from conftest import Tree, drawing, encoded, photo
from semopt.report import render
from semopt.report.gather import Report
from semopt.report.thumbs import thumb
from semopt.types import Limits

RULES = """version: 1
rules:
  - {match: "feed/**", strategy: semantic, formats: [webp, avif], keep: {similarity: 0.5}}
  - {match: "photos/**", strategy: visual, formats: [webp, jpeg]}
  - {match: "**", strategy: lossless}
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of ten images, one of them broken."""
    tree = Tree(tmp_path_factory.mktemp("reported"))
    tree.put("semopt.yaml", RULES)
    for number in range(4):
        tree.put(f"feed/{number}.jpg", encoded(photo(320, 240, number)))
        tree.put(f"photos/{number}.jpg", encoded(photo(300, 400, 10 + number)))
    tree.put("logo.png", encoded(drawing(300, 80), "PNG"))
    tree.put("broken.jpg", b"\xff\xd8\xff\xe0")
    ran = tree.semopt("build", "--report", "-q")
    assert ran.returncode == 1
    return tree.root / ".semopt/report.html"


@pytest.fixture
def shown(page: Path, browser: Browser) -> Browser:
    """The page, opened from disk."""
    browser.window(1280, 900)
    browser.open(page.as_uri())
    return browser


def paths(browser: Browser) -> list[str]:
    """Names of the rows in the list, from the top."""
    script = (
        "[...document.querySelectorAll('.row')].sort((a, b) => a.offsetTop - b.offsetTop)"
        ".map(row => row.querySelector('.name').textContent)"
    )
    return browser.run(script)  # type: ignore[no-any-return]


def choose(browser: Browser, field: str, value: str) -> None:
    """Put a value into a field as a person does."""
    event = "input" if field in ("search", "split") else "change"
    browser.run(
        f"(() => {{ const one = document.getElementById('{field}'); one.value = {json.dumps(value)};"
        f" one.dispatchEvent(new Event('{event}', {{bubbles: true}})); }})()"
    )


def test_it_asks_nobody_and_nothing_goes_wrong(shown: Browser) -> None:
    shown.run("document.getElementById('list').scrollIntoView()")
    shown.until("document.querySelectorAll('.row').length === 10")
    shown.until("[...document.querySelectorAll('.row img')].every(i => i.complete && i.naturalWidth > 0)")
    assert all(url.startswith(("file:", "data:")) for url in shown.requests), shown.requests
    assert (shown.failures, shown.errors) == ([], [])
    assert "failed" in shown.run("document.getElementById('totals').textContent")
    assert "broken.jpg" in shown.run("document.getElementById('failures').textContent")


def test_search_sort_and_filters(shown: Browser) -> None:
    choose(shown, "search", "feed 2")
    assert paths(shown) == ["feed/2.jpg"]
    assert shown.run("document.getElementById('count').textContent") == "1 of 10 images"
    choose(shown, "search", "")
    choose(shown, "status", "failed")
    assert paths(shown) == ["broken.jpg"]
    choose(shown, "status", "")
    choose(shown, "rule", "rules[1]")
    assert paths(shown) == [f"photos/{number}.jpg" for number in range(4)]
    choose(shown, "rule", "")
    choose(shown, "sort", "ratio")
    assert paths(shown)[0].startswith("feed/")
    choose(shown, "sort", "margin")
    assert all(path.startswith("feed/") for path in paths(shown)[:4])


def test_an_image_its_slider_its_judges_and_its_ladder(shown: Browser) -> None:
    shown.run("document.querySelectorAll('.row button')[1].click()")
    assert shown.run("document.getElementById('detail').open")
    assert shown.run("document.getElementById('detail-title').textContent") == "feed/0.jpg"
    shown.until("['before', 'after'].every(id => document.getElementById(id).naturalWidth > 0)")
    choose(shown, "split", "20")
    assert "20%" in shown.run("getComputedStyle(document.getElementById('after')).clipPath")
    assert "embedded" in shown.run("document.getElementById('judges').textContent")
    assert shown.run("document.querySelectorAll('#ladder > svg .winner').length") == 1
    assert shown.run("document.querySelectorAll('#ladder > svg circle').length") > 2
    assert "Passes" in shown.run("document.getElementById('judges').textContent")
    choose(shown, "zoom", "2")
    assert shown.run("document.getElementById('before').getBoundingClientRect().width") == 640
    shown.run("document.getElementById('next').click()")
    assert shown.run("document.getElementById('detail-title').textContent") == "feed/1.jpg"
    assert shown.errors == []


def test_by_keys_alone(shown: Browser) -> None:
    shown.run("document.querySelector('.row button').focus()")
    shown.press("ArrowDown")
    shown.press("ArrowDown")
    assert shown.run("document.activeElement.querySelector('.name').textContent") == "feed/1.jpg"
    shown.run("document.activeElement.click()")
    shown.run("document.getElementById('stage').focus()")
    shown.press("ArrowLeft")
    assert shown.run("document.getElementById('split').value") == "45"
    shown.press("Escape")
    shown.until("!document.getElementById('detail').open")
    assert shown.run("document.activeElement.querySelector('.name').textContent") == "feed/1.jpg"


def test_light_dark_and_a_phone(shown: Browser, page: Path) -> None:
    assert shown.run("document.documentElement.dataset.theme") == "light"
    shown.run("document.getElementById('theme').click()")
    assert shown.run("document.documentElement.dataset.theme") == "dark"
    shown.run("localStorage.clear()")
    shown.window(390, 800, 2, dark=True)
    shown.open(page.as_uri())
    assert shown.run("document.documentElement.dataset.theme") == "dark"
    assert shown.run("document.documentElement.scrollWidth") <= 390
    shown.run("document.getElementById('list').scrollIntoView()")
    shown.until("document.querySelectorAll('.row button').length > 1")
    shown.run("document.querySelectorAll('.row button')[1].click()")
    assert shown.run("document.getElementById('detail').scrollWidth") <= 390


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, from npm's registry."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here")
    folder = tmp_path_factory.mktemp("axe")
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "axe-core@4"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if ran.returncode:
        pytest.skip(f"npm gives no axe-core: {ran.stderr[-200:]}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text()


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(shown: Browser, page: Path, axe: str, dark: bool) -> None:
    shown.run("localStorage.clear()")
    shown.window(1280, 900, 1, dark)
    shown.open(page.as_uri())
    for opened in (False, True):
        if opened:
            shown.run("document.querySelectorAll('.row button')[1].click()")
            shown.run("document.querySelector('#ladder details').open = true")
        shown.run(axe)
        found = shown.run("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].html]))")
        assert found == []


def many(count: int) -> Report:
    """A report of so many images that were never built."""
    uris = [thumb(encoded(photo(112, 84, seed)), Limits()) for seed in range(20)]
    trial = ["webp", 320, 240, 50, 4000, 0.95, None, "yes"]
    images: list[dict[str, Any]] = [
        {
            **{"path": f"photos/{at // 100:03d}/{at:05d}.jpg", "url": "original.jpg", "thumb": uris[at % 20]},
            **{"status": "optimized", "strategy": "both", "rule": f"rules[{at % 5}]", "reason": "", "margin": at / 1e5},
            **{"bytes": 100_000 + at, "width": 640, "height": 480},
            "variants": [
                {
                    **{"url": "variant.webp", "format": "webp", "width": 640, "height": 480, "quality": 50},
                    **{"bytes": 20_000 + 7 * at % 9000, "for": "people"},
                }
            ],
        }
        for at in range(count)
    ]
    detail = {
        "judges": [],
        "thresholds": {"embedded": 0.9},
        "floor": None,
        "trials": [trial] * 25,
        "work": [1, 2, 3, 4, 5],
    }
    rules = [{"name": f"rules[{at}]", "match": f"{at}/**", "strategy": "both"} for at in range(5)]
    return Report("many", rules, images, [detail] * count)


def test_five_thousand_images(tmp_path: Path, browser: Browser) -> None:
    (tmp_path / "original.jpg").write_bytes(encoded(photo(64, 48, 1)))
    (tmp_path / "variant.webp").write_bytes(encoded(photo(64, 48, 1), "WEBP"))
    (tmp_path / "report.html").write_text(render(many(5000)))
    browser.window(1280, 900)
    browser.open((tmp_path / "report.html").as_uri())
    assert "5,000" in browser.run("document.getElementById('totals').textContent")
    assert browser.run("document.querySelectorAll('.row').length") < 40
    browser.run("scrollTo(0, document.body.scrollHeight)")
    browser.until("[...document.querySelectorAll('.name')].some(one => one.textContent.includes('04999'))")
    assert browser.run("document.querySelectorAll('.row').length") < 60
    choose(browser, "search", "04321")
    browser.until("document.getElementById('count').textContent === '1 of 5,000 images'")
    browser.run("document.querySelector('.row button').click()")
    assert browser.run("document.querySelectorAll('#ladder > svg circle').length") == 25
    assert browser.errors == []
