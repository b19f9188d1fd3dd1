"""`semopt check` through the real command: what does not hold is named, and nothing is written."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from conftest import Tree, drawing, encoded, photo

RULES = """version: 1
rules:
  - {match: "photos/**", strategy: semantic, formats: [webp], keep: {similarity: 0.6}}
  - {match: "close/**", strategy: visual, formats: [webp]}
  - {match: "raw/**", strategy: skip}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("built") / "tree")
    tree.put("semopt.yaml", RULES)
    tree.put("photos/one.jpg", encoded(photo(160, 120, 1)))
    tree.put("photos/two.jpg", encoded(photo(120, 120, 2)))
    tree.put("close/three.jpg", encoded(photo(120, 90, 3)))
    tree.put("icon.png", encoded(drawing(60, 50), "PNG", compress_level=1))
    tree.put("raw/five.png", encoded(drawing(20, 20), "PNG"))
    assert {one["status"] for one in tree.build()} == {"optimized", "skipped"}
    return tree


@pytest.fixture
def site(built: Tree, tree: Tree) -> Tree:
    shutil.copytree(built.root, tree.root, dirs_exist_ok=True)
    return tree


def everything(tree: Tree) -> dict[str, tuple[int, bytes]]:
    files = [file for file in sorted(tree.root.rglob("*")) if file.is_file()]
    return {str(file): (os.lstat(file).st_mtime_ns, file.read_bytes()) for file in files}


def check(tree: Tree, *arguments: str, code: int | None = None) -> dict[str, str]:
    """Verdicts by path, of all that does not hold."""
    before = everything(tree)
    ran = tree.semopt("check", "--json", *arguments)
    assert everything(tree) == before
    assert ran.stderr == ""
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    wrong = {line["path"]: line["verdict"] for line in lines[:-1] if not line["holds"]}
    assert (lines[-1]["type"], lines[-1]["holds"], ran.returncode) == ("summary", not wrong, 1 if wrong else 0)
    return wrong


def test_what_was_built_holds(site: Tree) -> None:
    assert check(site, "--again", "--jobs", "2") == {}
    ran = site.semopt("check")
    assert ran.stdout == "4 ok, 1 skipped.\nEverything holds.\n"


def test_a_tree_that_was_never_built(tree: Tree) -> None:
    tree.put("one.jpg", encoded(photo(40, 30)))
    assert check(tree) == {"one.jpg": "missing"}
    assert [file.name for file in tree.root.iterdir()] == ["one.jpg"]


def test_a_fresh_checkout_asks_the_judges(site: Tree) -> None:
    shutil.rmtree(site.root / ".semopt")
    assert check(site) == {}
    site.put("semopt.yaml", RULES.replace("visual,", "visual, floor: {ssimulacra2: 99},").replace("0.6", "0.99"))
    assert set(check(site)) == {"close/three.jpg", "photos/one.jpg", "photos/two.jpg"}


def test_missing_and_edited_variants(site: Tree) -> None:
    (site.root / "photos/one.jpg.semopt.webp").unlink()
    edited = site.root / "photos/two.jpg.semopt.webp"
    edited.write_bytes(edited.read_bytes() + b"x")
    assert check(site) == {"photos/one.jpg.semopt.webp": "missing", "photos/two.jpg.semopt.webp": "edited"}


def test_a_changed_original_is_stale(site: Tree) -> None:
    site.put("photos/one.jpg", encoded(photo(160, 120, 9)))
    assert check(site) == {"photos/one.jpg": "stale"}


def test_a_changed_rule_is_stale_or_no_longer_recognised(site: Tree) -> None:
    site.put("semopt.yaml", RULES.replace("0.6", "0.55"))
    assert check(site) == {"photos/one.jpg": "stale", "photos/two.jpg": "stale"}
    site.put("semopt.yaml", RULES.replace("0.6", "0.99"))
    assert check(site) == {"photos/one.jpg": "unrecognised", "photos/two.jpg": "unrecognised"}
    site.put("semopt.yaml", RULES.replace("strategy: visual", "strategy: lossless"))
    assert check(site) == {"close/three.jpg": "stale"}


def test_an_original_that_is_gone_or_skipped_now(site: Tree) -> None:
    (site.root / "photos/one.jpg").unlink()
    site.put("semopt.yaml", RULES.replace("strategy: visual, formats: [webp]", "strategy: skip"))
    assert check(site) == {"photos/one.jpg": "stale", "close/three.jpg": "stale"}


def test_a_variant_that_is_another_picture_is_not_recognised(site: Tree) -> None:
    """Somebody put another picture in its place and mended the manifest."""
    from semopt.atomic import digest

    shutil.rmtree(site.root / ".semopt")
    manifest = json.loads((site.root / "semopt-manifest.json").read_text())
    variant = manifest["assets"]["photos/one.jpg"]["variants"][0]
    other = encoded(photo(variant["width"], variant["height"], 77), "WEBP")
    site.put(variant["path"], other)
    variant["sha256"] = digest(other)
    site.put("semopt-manifest.json", json.dumps(manifest))
    assert check(site) == {"photos/one.jpg": "unrecognised"}
    small = encoded(photo(5, 5), "WEBP")
    site.put(variant["path"], small)
    variant["sha256"] = digest(small)
    site.put("semopt-manifest.json", json.dumps(manifest))
    assert check(site) == {"photos/one.jpg": "failed"}


def test_failed_images_are_named(site: Tree) -> None:
    site.put("photos/text.jpg", "only words")
    site.build()
    assert check(site) == {"photos/text.jpg": "failed"}


def test_limits_of_variants_folders_and_the_tree(site: Tree) -> None:
    sizes = {path: len(content) for path, content in site.files().items() if ".semopt." in path}
    largest = max(sizes, key=lambda path: sizes[path])
    total = sum(sizes.values())
    limits = f"limits: {{variant: {sizes[largest] - 1}, folder: {total}, tree: {total}}}\n"
    site.put("semopt.yaml", RULES + limits)
    assert set(check(site)) == {largest}
    photos = sum(size for path, size in sizes.items() if path.startswith("photos/"))
    site.put("semopt.yaml", RULES + f"limits: {{folder: {photos - 1}, tree: {total - 1}}}\n")
    wrong = check(site)
    assert {"photos/", "the tree"} <= set(wrong)
    assert set(wrong.values()) == {"over"}
    said = site.semopt("check").stdout
    assert f"{photos:,} bytes, over limits.folder ({photos - 1:,})" in " ".join(said.split())


def test_people_get_lines_of_at_most_80_columns(site: Tree) -> None:
    (site.root / "photos/one.jpg.semopt.webp").unlink()
    ran = site.semopt("check")
    assert ran.returncode == 1
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "missing       photos/one.jpg.semopt.webp: is not there any more" in ran.stdout
    assert "`semopt build` mends" in ran.stdout
    assert "ok            icon.png" in site.semopt("check", "-v").stdout
    assert "4 ok" not in site.semopt("check", "-q").stdout


def test_only(site: Tree) -> None:
    (site.root / "photos/one.jpg.semopt.webp").unlink()
    assert check(site, "--only", "close/**") == {}


def test_a_wrong_config_is_2(site: Tree) -> None:
    site.put("semopt.yaml", "version: 1\nlimits: {tree: many}\n")
    ran = site.semopt("check")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "limits.tree: expected a number of bytes" in ran.stderr
    assert site.semopt("check", "nowhere").returncode == 2


def test_a_check_with_nothing_to_ask_imports_nothing_heavy(site: Tree) -> None:
    import subprocess
    import sys

    script = (
        "import sys; from semopt.cli import main; code = main(['check', '-q']);"
        "heavy = {'torch', 'numpy', 'scipy', 'tqdm', 'semopt.engine', 'semopt.images'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=site.root, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
