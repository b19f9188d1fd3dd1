"""`semopt html`: built pages on disk, through the real command and in a real browser."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from browser import Browser, served
from conftest import Tree, drawing, encoded, photo

RULES = """version: 1
assets: pictures
rules:
  - {match: "wide/**", strategy: visual, formats: [webp], widths: [120, 240]}
  - {match: "**", strategy: visual, formats: [avif, webp]}
"""
PAGE = """<!doctype html>
<title>A page</title>
<p><img src="images/cat.jpg" alt="a &amp; b"> and <img src='/images/wide.jpg?v=3'>
<p><IMG SRC=images/cat%20two.jpg><img src="images/theme.png"><img src="gone.jpg" alt>
"""


@pytest.fixture
def site(tree: Tree) -> Tree:
    """A project with its pictures built, and a site that a generator made of it, under names of its own."""
    cat, two, wide = (encoded(photo(320, 240, seed)) for seed in (1, 2, 3))
    tree.put("semopt.yaml", RULES)
    for name, content in {"cat.jpg": cat, "two.jpg": two, "wide/wide.jpg": wide}.items():
        tree.put(f"pictures/{name}", content)
    for name, content in {"cat.jpg": cat, "cat two.jpg": two, "wide.jpg": wide}.items():
        tree.put(f"public/images/{name}", content)
    tree.put("public/images/theme.png", encoded(drawing(), "PNG"))
    tree.put("public/index.html", PAGE)
    tree.put("public/deep/er/index.html", '<img src="../../images/cat.jpg">')
    assert tree.semopt("build", "-q").returncode == 0
    return tree


def sources(page: str) -> list[str]:
    return re.findall(r'srcset="([^"]+)"', page)


def test_pages_offer_the_variants_and_the_site_has_them(site: Tree) -> None:
    ran = site.semopt("html", "public")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "2 of 2 pages changed, 4 images offered, 6 files added.\n"
    page = (site.root / "public/index.html").read_text()
    assert page.startswith('<!doctype html>\n<title>A page</title>\n<p><picture data-semopt="25">')
    named = [url for source in sources(page) for url in re.findall(r"([^ ,]+)(?: \d+w)?(?:, |$)", source)]
    assert {url.partition("?")[0].rpartition(".semopt.")[0] for url in named} == {
        "images/cat.jpg",
        "images/cat%20two.jpg",
        "/images/wide.jpg.120w",
        "/images/wide.jpg.240w",
    }
    for url in named:
        assert (site.root / "public" / url.partition("?")[0].lstrip("/").replace("%20", " ")).is_file()
    assert '<img src="images/theme.png"><img src="gone.jpg" alt>' in page
    deep = (site.root / "public/deep/er/index.html").read_text()
    assert "../../images/cat.jpg.semopt.webp" in deep


def test_a_second_run_changes_nothing_and_a_dry_one_never_does(site: Tree) -> None:
    before = site.files()
    assert "2 of 2 pages would be changed" in site.semopt("html", "public", "--dry-run").stdout
    assert site.files() == before
    site.semopt("html", "public")
    after = site.files()
    ran = site.semopt("html", "public")
    assert ran.stdout == "0 of 2 pages changed, 4 images offered, 0 files added.\n"
    assert site.files() == after


def test_other_variants_replace_the_old_ones_and_none_take_them_back(site: Tree) -> None:
    site.semopt("html", "public")
    site.put("semopt.yaml", RULES.replace("[avif, webp]", "[webp]"))
    site.semopt("build", "-q")
    site.semopt("html", "public")
    assert "avif" not in (site.root / "public/index.html").read_text()
    site.put("semopt.yaml", RULES.replace('"**", strategy: visual, formats: [avif, webp]', '"**", strategy: skip'))
    site.semopt("build", "-q")
    site.semopt("html", "public")
    assert (site.root / "public/deep/er/index.html").read_text() == '<img src="../../images/cat.jpg">'


def test_no_file_of_the_site_is_written_over(site: Tree) -> None:
    site.put("public/images/cat.jpg.semopt.webp", b"somebody's own")
    site.semopt("html", "public")
    assert (site.root / "public/images/cat.jpg.semopt.webp").read_bytes() == b"somebody's own"
    page = (site.root / "public/index.html").read_text()
    (named,) = {url for url in sources(page) if "cat.jpg" in url and url.endswith(".webp")}
    assert re.fullmatch(r"images/cat\.jpg\.[0-9a-f]{8}\.semopt\.webp", named)


def test_a_page_in_any_encoding_keeps_its_bytes(site: Tree) -> None:
    latin = '<meta charset=latin1>é <img src="images/cat.jpg"> ü\r\n'.encode("latin-1")
    site.put("public/latin.html", latin)
    site.put("public/wide.html", "<img src='images/cat.jpg'>".encode("utf-16"))
    ran = site.semopt("html", "public")
    assert "wide.html: left: is not in an encoding that begins with ASCII" in ran.stderr
    assert ran.returncode == 1
    after = (site.root / "public/latin.html").read_bytes()
    assert after.startswith(b"<meta charset=latin1>\xe9 <picture")
    assert after.endswith(b"</picture> \xfc\r\n")


def test_only_what_the_manifest_says_of_a_variant_is_published(site: Tree, tmp_path: Path) -> None:
    """A manifest may come from anywhere: no file that it names gets into a site but by its content."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"not for the site")
    manifest = json.loads((site.root / "semopt-manifest.json").read_text())
    manifest["assets"]["pictures/cat.jpg"]["variants"][0]["path"] = "../secret"
    site.put("semopt-manifest.json", json.dumps(manifest))
    (site.root / "pictures/two.jpg.semopt.avif").write_bytes(b"edited by hand")
    ran = site.semopt("html", "public")
    assert ran.returncode == 0
    for said in ("../secret is not as the manifest says", "two.jpg.semopt.avif is not as the manifest says"):
        assert said in ran.stderr
    page = (site.root / "public/index.html").read_text()
    assert page.count("<picture") == 1
    assert "wide.jpg.240w" in page
    assert not [path for path, content in site.files().items() if content == secret.read_bytes()]


@pytest.mark.skipif(os.name == "nt", reason="links are another thing on Windows")
def test_links_are_not_followed_out_of_the_site(site: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside.html"
    outside.write_text('<img src="images/cat.jpg">')
    (site.root / "public/linked.html").symlink_to(outside)
    (site.root / "public/cat.jpg").symlink_to(site.root / "pictures/cat.jpg")
    site.put("public/other.html", '<img src="cat.jpg"><img src="../pictures/cat.jpg">')
    site.semopt("html", "public")
    assert outside.read_text() == '<img src="images/cat.jpg">'
    assert "picture>" not in (site.root / "public/other.html").read_text()


def test_what_an_absolute_url_means_the_base_says(site: Tree) -> None:
    page = (
        '<img src="https://example.org/docs/images/cat.jpg"><img src="/docs/images/cat.jpg"><img src="/images/cat.jpg">'
    )
    site.put("public/index.html", page)
    site.semopt("html", "public", "--base", "https://example.org/docs/")
    after = (site.root / "public/index.html").read_text()
    assert after.count("<picture") == 2
    assert "https://example.org/docs/images/cat.jpg.semopt.webp" in after
    assert after.endswith('<img src="/images/cat.jpg">')


def test_variants_that_the_build_put_into_the_site_are_named_where_they_are(tree: Tree) -> None:
    tree.put(
        "semopt.yaml", 'version: 1\noutput: "small/{dir}/{name}.{ext}"\nrules: [{match: "**", strategy: visual}]\n'
    )
    tree.put("img/cat.jpg", encoded(photo(320, 240, 1)))
    tree.put("page.html", '<img src="img/cat.jpg">')
    tree.semopt("build", "-q")
    before = set(tree.files())
    assert tree.semopt("html", ".").returncode == 0
    assert set(tree.files()) == before
    assert "img/../small/img/cat.jpg.webp" in (tree.root / "page.html").read_text()


def test_without_variants_it_says_what_to_do(tree: Tree) -> None:
    tree.put("public/index.html", PAGE)
    ran = tree.semopt("html", "public")
    assert (ran.returncode, "run semopt build first" in ran.stderr) == (1, True)
    assert tree.semopt("html", "nowhere").returncode == 2


def test_json(site: Tree) -> None:
    lines = [json.loads(line) for line in site.semopt("html", "public", "--json").stdout.splitlines()]
    assert [line["type"] for line in lines] == ["page", "page", "summary"]
    assert lines[-1] == {
        **{"type": "summary", "pages": 2, "changed": 2, "images": 4, "files": 6, "left": 0, "dry_run": False}
    }


def test_a_browser_takes_the_variants_and_the_page_does_not_jump(site: Tree, browser: Browser) -> None:
    with served(site.root / "public") as url:
        browser.open(f"{url}/index.html")
        before = [(one["width"], one["height"]) for one in browser.images()]
        site.semopt("html", "public")
        browser.open(f"{url}/index.html")
        shown = browser.images()
        assert [(one["width"], one["height"]) for one in shown] == before
    names = [one["current"] for one in shown]
    assert names[0].startswith("cat.jpg.semopt.")
    assert names[1].startswith("wide.jpg.240w.semopt.webp")
    assert names[2].startswith("cat%20two.jpg.semopt.")
    assert [one["natural"] > 0 for one in shown] == [True, True, True, True, False]
    assert [one for one in browser.failures if "gone.jpg" not in one] == []
