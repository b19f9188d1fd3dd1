"""The MkDocs plugin and the Sphinx extension, with the real tools and a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from browser import Browser, served
from conftest import REPOSITORY, Tree, encoded, photo

RULES = """version: 1
rules:
  - {match: "**/wide.jpg", strategy: visual, formats: [webp], widths: [120, 240]}
  - {match: "**", strategy: visual, formats: [avif, webp], placeholder: true}
"""


@dataclass(frozen=True)
class Tool:
    """A generator. folder: of its documents in the project. build: its arguments. lowest: version supported."""

    name: str
    folder: str
    build: tuple[str, ...]
    lowest: str
    more: tuple[str, ...] = ()
    output: str = "site"


MKDOCS = Tool("mkdocs", "docs", ("-m", "mkdocs", "build"), "1.5.0")
SPHINX = Tool("sphinx", "source", ("-m", "sphinx", "-b", "html", "-q", "source", "site"), "7.0.0", ("docutils<0.21",))
TOOLS = {tool.name: tool for tool in (MKDOCS, SPHINX)}


def project(tree: Tree, tool: Tool) -> Tree:
    """A small site: a page in the root, one in a folder, pictures of both kinds, one of them broken."""
    pictures = {name: encoded(photo(320, 240, seed)) for seed, name in enumerate(("cat.jpg", "wide.jpg", "deep.jpg"))}
    for name, content in pictures.items():
        tree.put(f"{tool.folder}/img/{name}", content)
    tree.put(f"{tool.folder}/img/broken.jpg", b"\xff\xd8\xff\xe0 and no more")
    tree.put("semopt.yaml", RULES)
    if tool is MKDOCS:
        tree.put("mkdocs.yml", "site_name: s\nplugins: [semopt]\ntheme: {name: mkdocs}\n")
        tree.put("docs/index.md", "# Home\n\n![a cat](img/cat.jpg)\n\n![](img/wide.jpg)\n\n![](img/broken.jpg)\n")
        tree.put("docs/guide/more.md", "# More\n\n![](../img/deep.jpg)\n")
    else:
        tree.put("source/conf.py", "project = 's'\nextensions = ['semopt.integrations.sphinx']\n")
        (tree.root / "semopt.yaml").rename(tree.root / "source/semopt.yaml")
        images = "\n\n".join(f".. image:: img/{name}\n   :alt: one" for name in ("cat.jpg", "wide.jpg", "broken.jpg"))
        tree.put("source/index.rst", f"Home\n====\n\n{images}\n\n.. toctree::\n\n   guide/more\n")
        tree.put("source/guide/more.rst", "More\n====\n\n.. image:: ../img/deep.jpg\n   :alt: deep\n")
    return tree


def ran(tree: Tree, tool: Tool, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build the site."""
    return subprocess.run(
        [sys.executable, *tool.build, *more],
        cwd=tree.root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def built(tree: Tree, tool: Tool, **environment: str) -> str:
    """Build the site; gives what was said. Fails the test where the tool failed."""
    done = ran(tree, tool, **environment)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(params=[*TOOLS])
def tool(request: pytest.FixtureRequest) -> Tool:
    pytest.importorskip(request.param)
    return TOOLS[request.param]


def page(tree: Tree) -> str:
    return (tree.root / "site/index.html").read_text()


def more(tree: Tree) -> Path:
    """The page in a folder, wherever the tool puts it."""
    (found,) = (file for file in (tree.root / "site/guide").rglob("*.html"))
    return found


def sources(tree: Tree, tool: Tool) -> dict[str, bytes]:
    """The documents, without the folder of state that lies beside conf.py."""
    inside = {path: content for path, content in tree.files().items() if path.startswith(f"{tool.folder}/")}
    return {path: content for path, content in inside.items() if "/.semopt/" not in path}


def output(tree: Tree) -> dict[str, bytes]:
    """Pages and variants; MkDocs tells the time in each home page."""
    made = {path: content for path, content in tree.files().items() if path.startswith("site/")}
    kinds = (".html", ".webp", ".avif")
    return {path: re.sub(rb"Build Date.*", b"", one) for path, one in made.items() if path.endswith(kinds)}


def test_pages_offer_variants_and_the_documents_stay_as_they_are(tree: Tree, tool: Tool) -> None:
    before = sources(project(tree, tool), tool)
    said = built(tree, tool)
    assert sources(tree, tool) == before
    assert re.search(r"broken\.jpg: .*the page shows the original", said)
    text = page(tree)
    assert text.count("<picture") == 2
    cat = re.search(r"<picture[^>]*>(.*?)</picture>", text, re.DOTALL)
    assert cat
    assert re.search(r'srcset="[^"]*cat\.jpg\.semopt\.(avif|webp)"', cat[1])
    assert 'width="320" height="240"' in cat[1]
    assert "background:url(data:image/webp;base64," in cat[1]
    assert "wide.jpg.120w.semopt.webp 120w" in text
    assert "deep.jpg.semopt." in more(tree).read_text()
    (state,) = (file for file in tree.root.rglob(".semopt/.gitignore") if file.parents[1].name != tool.name)
    assert state.read_text() == "*\n"
    assert {path.split("/")[0] for path in tree.files()} <= {tool.folder, "site", "semopt.yaml", "mkdocs.yml"}


def test_a_second_build_changes_nothing_and_a_changed_picture_its_variants(tree: Tree, tool: Tool) -> None:
    project(tree, tool)
    built(tree, tool)
    before = output(tree)
    built(tree, tool)
    assert output(tree) == before
    tree.put(f"{tool.folder}/img/cat.jpg", encoded(photo(300, 200, 9)))
    built(tree, tool)
    assert 'width="300" height="200"' in page(tree)
    for url in re.findall(r'srcset="([^" ]*cat\.jpg[^" ]*)"', page(tree)):
        assert (tree.root / "site" / url).is_file()


def test_a_browser_takes_the_variants(tree: Tree, tool: Tool, browser: Browser) -> None:
    built(project(tree, tool), tool)
    (tree.root / f"{tool.folder}/img/broken.jpg").unlink()
    with served(tree.root / "site") as url:
        browser.open(f"{url}/index.html")
        shown = {one["current"].split(".")[0]: one for one in browser.images()}
        browser.open(f"{url}/{more(tree).relative_to(tree.root / 'site').as_posix()}")
        (deep,) = browser.images()
    assert ".semopt." in shown["cat"]["current"]
    assert shown["wide"]["current"].endswith("240w.semopt.webp")
    assert shown["cat"]["natural"] == 320
    assert abs(shown["cat"]["width"] / shown["cat"]["height"] - 4 / 3) < 0.01
    assert ".semopt." in deep["current"]
    assert [one for one in browser.failures if "ERR_NAME_NOT_RESOLVED" not in one] == []  # the theme's own fonts
    assert deep["natural"] == 320


def test_a_wrong_config_is_one_sentence(tree: Tree, tool: Tool) -> None:
    project(tree, tool)
    (config,) = tree.root.rglob("semopt.yaml")
    config.write_text("version: 1\nrules: [{match: '**', strategy: losless}]\n")
    done = ran(tree, tool)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "did you mean 'lossless'?" in said
    assert "Traceback" not in said or tool is SPHINX  # Sphinx shows one for every error of an extension


def test_without_a_config_the_defaults_hold(tree: Tree, tool: Tool) -> None:
    project(tree, tool)
    (config,) = tree.root.rglob("semopt.yaml")
    config.unlink()
    built(tree, tool)
    assert page(tree).count("<picture") >= 1


def test_the_lowest_version_supported(tree: Tree, tool: Tool, tmp_path: Path) -> None:
    folder = tmp_path / "lowest"
    install = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), f"{tool.name}=={tool.lowest}"]
    done = subprocess.run([*install, *tool.more], capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"pip gives no {tool.name} {tool.lowest}: {done.stderr[-200:]}")
    path = os.pathsep.join((str(folder), str(REPOSITORY), os.environ.get("PYTHONPATH", "")))
    built(project(tree, tool), tool, PYTHONPATH=path)
    assert page(tree).count("<picture") == 2


@contextmanager
def serving(tree: Tree) -> Iterator[Callable[[], str]]:
    """`mkdocs serve`; gives a function that says what it has said."""
    log = tree.root.parent / "serve.log"
    with log.open("wb") as stream:
        command = [sys.executable, "-m", "mkdocs", "serve", "-a", "127.0.0.1:0"]
        process = subprocess.Popen(command, cwd=tree.root, stdout=stream, stderr=stream)
    try:
        yield lambda: log.read_text(errors="replace")
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait(said: Callable[[], str], text: str, count: int) -> None:
    until = time.monotonic() + 120
    while said().count(text) < count and time.monotonic() < until:
        time.sleep(0.1)
    assert said().count(text) == count, said()


def test_mkdocs_serve_builds_once_for_a_change(tree: Tree) -> None:
    pytest.importorskip("mkdocs")
    project(tree, MKDOCS)
    done = "Documentation built in"
    with serving(tree) as said:
        wait(said, done, 1)
        time.sleep(3)
        assert said().count(done) == 1
        tree.put("docs/img/cat.jpg", encoded(photo(300, 200, 9)))
        wait(said, done, 2)
        time.sleep(3)
        assert said().count(done) == 2
