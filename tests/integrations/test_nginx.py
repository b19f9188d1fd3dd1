"""The recipes of docs/integrations.md for nginx, Caddy and Apache, each in the real server where it is installed."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from browser import Browser
from conftest import REPOSITORY, Tree, encoded, photo

DOCS = (REPOSITORY / "docs/integrations.md").read_text(encoding="utf-8")
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
SAFARI_14 = "image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"


def block(language: str, holding: str = "") -> str:
    """The snippet of a language on the page, the one that holds a text."""
    (found,) = [one for one in re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL) if holding in one]
    return str(found)


def nginx(site: Path, port: int) -> list[str]:
    """The command of an nginx with the recipe."""
    types = Path("/etc/nginx/mime.types")
    if not types.exists():
        pytest.skip("nginx has no mime.types where Debian's has it")
    own = site.parent / "nginx"
    own.mkdir()
    recipe = block("nginx").replace("listen 80;", f"listen 127.0.0.1:{port};").replace("/srv/site", str(site))
    temporary = "".join(
        f"{kind}_temp_path {own}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (own / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {own}/pid;\nerror_log {own}/error.log;\nevents {{}}\n"
        f"http {{\ninclude {types};\naccess_log off;\n{temporary}{recipe}}}\n"
    )
    return ["nginx", "-p", str(own), "-e", f"{own}/error.log", "-c", f"{own}/nginx.conf"]


def caddy(site: Path, port: int) -> list[str]:
    """The command of a Caddy with the recipe."""
    recipe = block("caddy").replace(":80 {", f"http://127.0.0.1:{port} {{").replace("/srv/site", str(site))
    file = site.parent / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + recipe)
    return ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]


def apache2(site: Path, port: int) -> list[str]:
    """The command of an Apache with the recipe in `.htaccess`."""
    modules = Path("/usr/lib/apache2/modules")
    if not modules.is_dir():
        pytest.skip("Apache's modules are not where Debian has them")
    own = site.parent / "apache"
    own.mkdir()
    (site / ".htaccess").write_text(block("apache"))
    names = ("mpm_event", "authz_core", "mime", "rewrite", "headers")
    loads = "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in names)
    (own / "mime.types").write_text("image/jpeg jpg jpeg\nimage/png png\ntext/html html\n")
    (own / "apache.conf").write_text(
        f"ServerRoot {own}\nServerName localhost\nListen 127.0.0.1:{port}\nPidFile {own}/pid\n"
        f"ErrorLog {own}/error.log\n{loads}TypesConfig {own}/mime.types\nDocumentRoot {site}\n"
        f"<Directory {site}>\nAllowOverride All\nRequire all granted\n</Directory>\n"
    )
    return ["apache2", "-X", "-f", str(own / "apache.conf")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A tree built under the page's own config."""
    tree = Tree(tmp_path_factory.mktemp("built"))
    tree.put("semopt.yaml", block("yaml", "output:"))
    tree.put("cat.jpg", encoded(photo(320, 240, 1)))
    tree.put("deep/two words.JPG", encoded(photo(320, 240, 2)))
    tree.put("plain.jpg", encoded(photo(64, 48, 3)))
    tree.put("webp only.png", encoded(photo(160, 120, 4), "PNG"))
    tree.put("index.html", '<img src="cat.jpg" alt="cat"><img src="deep/two%20words.JPG" alt="deep">')
    assert tree.semopt("build", "-q").returncode == 0
    variants = [variant for entry in tree.manifest.values() for variant in entry["variants"]]
    assert {variant["for"] for variant in variants} == {"people"}
    for name in ("webp only.png.avif", "plain.jpg.avif", "plain.jpg.webp"):
        (tree.root / name).unlink(missing_ok=True)
    return tree


@pytest.fixture
def site(built: Tree, tmp_path: Path) -> Tree:
    """The test's own copy of it."""
    shutil.copytree(built.root, tmp_path / "site", ignore=shutil.ignore_patterns(".semopt"))
    return Tree(tmp_path / "site")


@contextmanager
def running(recipe: Callable[[Path, int], list[str]], site: Path) -> Iterator[int]:
    """The server on a free port; skips where it is not installed."""
    if shutil.which(recipe.__name__) is None:
        pytest.skip(f"no {recipe.__name__} here")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    server = subprocess.Popen(recipe(site, port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for _ in range(200):
            assert server.poll() is None, server.stdout.read() if server.stdout else ""
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        server.kill()
        server.communicate()


def asked(port: int, path: str, accept: str | None) -> tuple[int, Mapping[str, str], bytes]:
    """One request: status, headers, content."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={} if accept is None else {"Accept": accept})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {key.lower(): value for key, value in answer.getheaders()}, content


SERVERS = pytest.mark.parametrize("recipe", [nginx, caddy, apache2])


@SERVERS
def test_the_accept_header_chooses(recipe: Callable[[Path, int], list[str]], site: Tree) -> None:
    expected = {
        (CHROME, "/cat.jpg"): "cat.jpg.avif",
        (CHROME, "/cat.jpg?v=3"): "cat.jpg.avif",
        (CHROME, "/deep/two%20words.JPG"): "deep/two words.JPG.avif",
        (CHROME, "/plain.jpg"): "plain.jpg",
        (CHROME, "/webp%20only.png"): "webp only.png.webp",
        (CHROME, "/cat.jpg.webp"): "cat.jpg.webp",
        (SAFARI_14, "/cat.jpg"): "cat.jpg.webp",
        ("IMAGE/WEBP", "/cat.jpg"): "cat.jpg.webp",
        ("image/avif;q=0, image/webp", "/cat.jpg"): "cat.jpg.webp",
        ("image/webp;q=0.0", "/cat.jpg"): "cat.jpg",
        ("image/avif;q=0.9,image/webp;q=0.9", "/cat.jpg"): "cat.jpg.avif",
        ("image/avif", "/webp%20only.png"): "webp only.png",
        ("*/*", "/cat.jpg"): "cat.jpg",
        (None, "/cat.jpg"): "cat.jpg",
    }
    types = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}
    files = site.files()
    with running(recipe, site.root) as port:
        for (accept, path), name in expected.items():
            status, headers, content = asked(port, path, accept)
            assert (status, content == files[name]) == (200, True), (accept, path, headers)
            assert headers["content-type"] == types[name.rpartition(".")[2]], (accept, path)
            assert "Accept" in headers["vary"], (accept, path, headers)
        assert asked(port, "/gone.jpg", CHROME)[0] == 404
        assert "vary" not in asked(port, "/index.html", CHROME)[1]


def test_a_browser_decodes_what_nginx_chooses(site: Tree, browser: Browser) -> None:
    with running(nginx, site.root) as port:
        browser.open(f"http://127.0.0.1:{port}/index.html")
        assert [one["natural"] for one in browser.images()] == [320, 320]
        came = browser.run(
            "performance.getEntriesByType('resource').filter(one => one.initiatorType === 'img')"
            ".map(one => one.encodedBodySize)"
        )
    files = site.files()
    assert sorted(came) == sorted(len(files[name]) for name in ("cat.jpg.avif", "deep/two words.JPG.avif"))
    assert browser.failures == []
