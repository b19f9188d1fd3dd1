"""The plugin for Vite: real builds and a real server of the lowest and the newest Vite, seen by a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from random import Random
from urllib.parse import unquote

import pytest

from browser import Browser, served
from conftest import Tree, encoded, photo
from semopt.markup import Offer, Options, Source, rewrite
from vite_sites import COMMAND, CONFIG, PLUGIN, VITES, Site, node, site
from vite_sites import modules as modules

RULES = """version: 1
exclude: ["dist/**"]
rules:
  - {match: "src/wide.jpg", strategy: visual, formats: [webp, avif], widths: [160, 320]}
  - {match: "src/a seen.jpg", strategy: semantic, formats: [webp]}
  - {match: "**", strategy: visual, formats: [avif, webp]}
"""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A site</title></head><body>
<p><img src="./src/cat.jpg" alt="cat"> <img src="/dog.jpg" alt="dog"> <img src="/src/wide.jpg" alt="wide"></p>
<p><img src="/src/broken.jpg" alt="broken" width="20" height="15">
<img src="src/a%20seen.jpg" alt="seen" width="200" height="150"></p>
<div id="app"></div>
<script type="module" src="/src/main.js"></script>
</body></html>
"""
MAIN = """import cat from './cat.jpg?semopt'
import wide from './wide.jpg?semopt'
import dog from '/dog.jpg?semopt'
import broken from './broken.jpg?semopt'
import markup from './wide.jpg?alt=one%20%22b%22&semopt&picture'
window.pictures = { cat, wide, dog, broken }
document.querySelector('#app').innerHTML = markup
"""
SHIFTS = """new Promise(done => { let sum = 0;
  new PerformanceObserver(seen => seen.getEntries().forEach(one => { sum += one.value }))
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 100) })"""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small site with its pictures built, so that each test's build restores them from the cache."""
    tree = Tree(tmp_path_factory.mktemp("template") / "site")
    for name, (width, seed) in {"src/cat": (320, 1), "public/dog": (320, 2), "src/wide": (640, 3)}.items():
        tree.put(f"{name}.jpg", encoded(photo(width, width * 3 // 4, seed)))
    tree.put("src/a seen.jpg", encoded(photo(200, 150, 6)))
    tree.put("src/broken.jpg", encoded(photo(320, 240, 5))[:9000])
    for name, content in {
        "semopt.yaml": RULES,
        "index.html": PAGE,
        "src/main.js": MAIN,
        "vite.config.js": CONFIG,
    }.items():
        tree.put(name, content)
    tree.put("package.json", '{"type": "module"}')
    assert tree.semopt("build", "-q").returncode == 1
    for file in tree.root.rglob("*.semopt.*"):
        file.unlink()
    (tree.root / "semopt-manifest.json").unlink()
    return tree.root


@pytest.fixture(params=VITES)
def project(request: pytest.FixtureRequest, tmp_path: Path, modules: Path, template: Path) -> Site:
    return site(tmp_path / "site", modules / request.param, template)


@pytest.fixture
def newest(tmp_path: Path, modules: Path, template: Path) -> Site:
    return site(tmp_path / "site", modules / "vite-newest", template)


def chosen(browser: Browser) -> dict[str, str]:
    """What each image of the page shows, without hash; all of them decoded."""
    images = browser.images()
    assert all(one["natural"] for one in images if one["alt"] != "broken"), images
    return {one["alt"]: re.sub(r"-[\w-]{8}(?=\.\w+$)", "", unquote(one["current"])) for one in images}


def test_a_build_is_seen_as_it_should_be_and_a_second_changes_nothing(project: Site, browser: Browser) -> None:
    ran = project.vite("build")
    assert ran.returncode == 0, ran.stderr
    assert "src/broken.jpg: truncated" in ran.stdout + ran.stderr
    with served(project.root / "dist") as url:
        browser.window(1000, 800)
        browser.open(f"{url}/index.html")
        assert chosen(browser) == {
            "cat": "cat.jpg.semopt.avif",
            "dog": "dog.jpg.semopt.avif",
            "wide": "wide.jpg.320w.semopt.avif",
            "seen": "a seen.jpg",
            "broken": "broken.jpg",
            'one "b"': "wide.jpg.320w.semopt.avif",
        }
        assert browser.run(SHIFTS) == 0
        boxes = {one["alt"]: (one["width"], one["height"]) for one in browser.images()}
        assert (boxes["cat"], boxes["wide"]) == ((320, 240), (640, 480))
        pictures = browser.run("window.pictures")
    assert browser.failures == []
    assert [name for name in browser.requests if re.search(r"/(cat|wide)-[^/]*jpg", name)] == []
    assert {key: pictures["cat"][key] for key in ("width", "height", "placeholder")} == {
        "width": 320,
        "height": 240,
        "placeholder": None,
    }
    assert [one["type"] for one in pictures["cat"]["sources"]] == ["image/avif", "image/webp"]
    assert re.fullmatch(
        r"/assets/wide\.jpg\.160w\.semopt-\S+\.avif 160w, /assets/wide\.jpg\.320w\.semopt-\S+\.avif 320w",
        pictures["wide"]["sources"][0]["srcset"],
    )
    assert pictures["wide"]["sources"][0]["sizes"] == "(max-width: 640px) 100vw, 640px"
    assert pictures["broken"]["sources"] == []
    before = project.files()
    assert project.vite("build").returncode == 0
    assert project.files() == before
    assert not any("semopt" in name and "seen" in name for name in before if name.startswith("dist/"))


@pytest.mark.parametrize("base", ["/under/", "./"])
def test_a_site_may_lie_under_a_path(project: Site, browser: Browser, base: str) -> None:
    assert project.vite("build", "--base", base).returncode == 0
    with served(project.root / "dist", "/under") as url:
        browser.open(f"{url}/index.html")
        assert set(chosen(browser).values()) >= {"cat.jpg.semopt.avif", "dog.jpg.semopt.avif"}
    assert browser.failures == []


def test_small_originals_are_left_to_vite_and_placeholders_lie_behind(newest: Site) -> None:
    newest.vite("build")
    manifest = json.loads((newest.root / "semopt-manifest.json").read_text())
    for entry in manifest["assets"].values():
        entry["placeholder"] = "data:image/webp;base64,AA=="
    newest.put("semopt-manifest.json", json.dumps(manifest))
    small = encoded(photo(64, 48, 1), quality=40)
    newest.put("src/small.jpg", small)
    newest.put("index.html", '<!doctype html><title>a</title><img src="src/cat.jpg"><img src="src/small.jpg" alt="">')
    newest.put("vite.config.js", CONFIG.replace("command:", "run: false, eager: 0, command:"))
    assert newest.vite("build").returncode == 0
    page = (newest.root / "dist/index.html").read_text()
    assert page.count("<picture") == 1
    assert '<img src="data:image/jpeg;base64,' in page
    (count, more) = re.findall(r'<picture data-semopt="(\d+)">.*?<img(.*?) src="/assets/cat', page)[0]
    assert more == (
        ' width="320" height="240" loading="lazy"'
        ' style="background:url(data:image/webp;base64,AA==) center/cover no-repeat"'
    )
    assert int(count) == len(more)


def test_faults_are_said_in_semopts_words(newest: Site) -> None:
    newest.put("semopt.yaml", RULES.replace("visual", "visaul"))
    ran = newest.vite("build")
    assert ran.returncode == 1
    assert "'visaul' is not a strategy; did you mean 'visual'?" in ran.stderr
    newest.put("semopt.yaml", RULES)
    newest.put("vite.config.js", CONFIG.replace(COMMAND, "command: 'there/is/no/semopt'"))
    ran = newest.vite("build")
    assert (ran.returncode, "pip install semopt" in ran.stderr) == (1, True)
    (newest.root / "semopt.yaml").unlink()
    ran = newest.vite("build")
    assert (ran.returncode, 'exclude: ["dist/**"]' in ran.stderr) == (1, True)


def test_a_build_that_watches_follows_a_picture_and_comes_to_rest(newest: Site) -> None:
    with newest.running("build", "--watch") as (_, log):
        page = newest.root / "dist/index.html"
        until(lambda: log.read_text().count("built in") >= 1)
        assert '<img width="320" height="240"' in page.read_text()
        newest.put("src/cat.jpg", encoded(photo(400, 300, 8)))
        until(lambda: '<img width="400" height="300"' in page.read_text())
        time.sleep(1)
        builds = log.read_text().count("build started")
        time.sleep(1.5)
        assert log.read_text().count("build started") == builds


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        with suppress(FileNotFoundError):  # between two builds there is no page
            if holds():
                return
        time.sleep(0.1)
    raise AssertionError("never so")


def quiet(browser: Browser) -> bool:
    """Whether the page comes to rest: nothing is asked for in a second and a half."""
    for _ in range(6):
        asked = len(browser.requests)
        time.sleep(1.5)
        browser.run("1")
        if len(browser.requests) == asked:
            return True
    return False


def watches(root: Path) -> list[str]:
    """The processes that watch a folder."""
    lines = subprocess.run(["ps", "-ww", "-eo", "pid,stat,args"], capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if f"semopt watch {root}" in line and " Z" not in line]


def test_a_server_shows_what_changes_and_ends_its_watch(project: Site, browser: Browser) -> None:
    with project.serving() as (url, server):
        browser.open(f"{url}/")
        browser.until("window.pictures?.cat.sources.length === 2")
        browser.until("document.querySelectorAll('picture').length === 4")
        assert chosen(browser)["cat"] == "cat.jpg.semopt.avif"
        assert chosen(browser)["dog"] == "dog.jpg.semopt.avif"
        assert len(watches(project.root)) == 1
        project.put("src/cat.jpg", encoded(photo(400, 300, 8)))
        browser.until("window.pictures?.cat.width === 400 && document.querySelectorAll('picture').length === 4")
        assert next(one for one in browser.images() if one["alt"] == "cat")["natural"] == 400
        project.put("public/new.jpg", encoded(photo(240, 180, 9)))
        project.put("index.html", PAGE.replace("dog.jpg", "new.jpg"))
        browser.until("[...document.images].some(one => one.currentSrc.endsWith('new.jpg.semopt.avif'))")
        assert chosen(browser)["dog"] == "new.jpg.semopt.avif"
        assert quiet(browser)
        assert browser.failures == []
        server.terminate()
        server.wait(timeout=30)
    until(lambda: not watches(project.root))


def test_the_types_fit(newest: Site, modules: Path) -> None:
    tsc = modules / "typescript/bin/tsc"
    newest.put(
        "src/main.ts",
        "/// <reference types=\"vite-plugin-semopt/client\" />\nimport cat from './cat.jpg?semopt'\n"
        "import markup from './cat.jpg?semopt&picture'\n"
        "import named from './cat.jpg?alt=A%20cat&semopt&picture'\n"
        "import semopt, { type Options } from 'vite-plugin-semopt'\n"
        "const options: Options = { run: false }\nexport const plugins = semopt(options)\n"
        "export const first: string | undefined = cat.sources[0]?.srcset\nexport const html: string = markup + named\n"
        "export const width: number = cat.width ?? 0\n// @ts-expect-error\nexport const wrong: number = markup\n",
    )
    options = {"noEmit": True, "strict": True, "skipLibCheck": True, "preserveSymlinks": True, "target": "esnext"}
    options |= {"module": "esnext", "moduleResolution": "bundler"}
    newest.put("tsconfig.json", json.dumps({"compilerOptions": options, "files": ["src/main.ts"]}))
    ran = node(str(tsc), "-p", ".", cwd=newest.root)
    assert ran.returncode == 0, ran.stdout


def test_its_own_tests_hold() -> None:
    ran = node("--test", *map(str, sorted(PLUGIN.glob("test/*.test.js"))), cwd=PLUGIN)
    assert ran.returncode == 0, ran.stdout
    assert "# pass 0" not in ran.stdout


PAGES = [
    *('<p><img src="cat.jpg" alt="a &amp; b"></p>', "<IMG SRC=cat.jpg /><img src='wide.jpg' width=300 sizes=50vw>"),
    *('<img src="wide.jpg"><img src="wide.jpg"><img src="gone.jpg"><img src="cat.jpg" loading=eager style="a:b">',),
    *('<img src="cat.jpg" srcset="cat.jpg 1x, dog.jpg 2x">', '<img src="cat.jpg" srcset="cat.jpg 1x, wide.jpg 2x">'),
    *("<picture><img src=cat.jpg></picture><svg><img src=cat.jpg></svg><template><img src=cat.jpg></template>",),
    *("<!--<img src=cat.jpg>--><script>'<img src=cat.jpg>'<!--<script></script>--></script><img src=cat.jpg>",),
    *('<title><img src=cat.jpg></title><% if <img src=cat.jpg> %><?php "<img src=cat.jpg>" ?><img src="cat.jpg',),
    *('<img src="cat.jpg" width="" height><img src=" cat.jpg\n" srcset=", cat.jpg, dog.jpg 2x,">',),
    *("<plaintext><img src=cat.jpg>", '<img src="x&quot;y.jpg"><img src="&#99;at.jpg"><img src="dog.jpg"/>'),
]


PIECES = (
    *(
        f'<img src="{name}.jpg"{more}>'
        for name in ("cat", "wide", "dog")
        for more in ("", " /", " width=9", " style=a")
    ),
    *(
        "<img",
        "<IMG",
        ' src="cat.jpg"',
        " src=wide.jpg",
        " src='dog.jpg'",
        ' srcset="cat.jpg 1x, dog.jpg 2x"',
        " sizes=9vw",
    ),
    *(
        ' loading="lazy"',
        " width=30",
        ' height="',
        ' style=""',
        ">",
        "/>",
        " >",
        "</",
        "<",
        "<picture>",
        "</picture>",
        "=",
    ),
    *("<svg>", "</svg>", "<svg/>", "<script>", "</script>", "<!--", "-->", "--!>", "<!-->", "<title>", "</title>", "'"),
    *(
        "<![CDATA[",
        "]]>",
        "<%",
        "%>",
        "<?php",
        "?>",
        "<template>",
        "</template >",
        '"',
        " ",
        "\n",
        "x",
        "&amp;",
        "&#x63;",
    ),
    *('<picture data-semopt="9">', "<source>", '<base href="/x/">', "<plaintext>", "<textarea>", "</textarea>", "é"),
)


def scrambled(count: int) -> list[str]:
    """Pages put together at random, the same each time."""
    random = Random(7)
    return ["".join(random.choices(PIECES, k=random.randint(3, 30))) for _ in range(count)]


def test_the_markup_is_that_of_semopt_html() -> None:
    two = (Source("image/avif", (("c'a t.avif", 800),), 10), Source("image/webp", (('c"&t.webp', 800),), 20))
    wide = (Source("image/webp", (("w.480.webp", 480), ("w.960.webp", 960)), 20),)
    offers = {
        "cat.jpg": Offer(800, 600, two, False),
        "dog.jpg": Offer(80, 60, (two[1],), False, "data:image/webp;base64,AA=="),
        "wide.jpg": Offer(1600, 900, wide, True),
    }
    told = {url: {**asdict(offer), "sources": [_js(one) for one in offer.sources]} for url, offer in offers.items()}
    asked = [
        *PAGES,
        *scrambled(2000),
        "".join(PAGES[:6]),
        rewrite("".join(PAGES[:6]), lambda url, base: offers.get(url)),
    ]
    script = (
        f"import {{ rewrite }} from {json.dumps((PLUGIN / 'src/rewrite.js').as_uri())}\n"
        "let text = ''; for await (const piece of process.stdin) text += piece\n"
        "const { pages, offers } = JSON.parse(text)\n"
        "const look = (url) => offers[url] ?? null\n"
        "const both = (page) => [rewrite(page, look), rewrite(page, look, { lazy: false })]\n"
        "console.log(JSON.stringify(pages.map(both)))\n"
    )
    ran = node("--input-type=module", "-e", script, cwd=PLUGIN, text=json.dumps({"pages": asked, "offers": told}))
    assert ran.returncode == 0, ran.stderr
    expected = [
        [rewrite(page, lambda url, base: offers.get(url), options) for options in (Options(), Options(lazy=False))]
        for page in asked
    ]
    assert json.loads(ran.stdout) == expected


def _js(source: Source) -> dict[str, object]:
    return {"type": source.media_type, "urls": source.urls}
