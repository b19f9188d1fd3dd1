"""Originals that go another way than their rule says, through the real command; and judges that confirm."""

from __future__ import annotations

import json

import pytest

from conftest import Tree, drawing, encoded, photo

JUDGES = '''\
"""Judges that go by the size of a picture."""

from semopt.types import Score


class Detail:
    """Similar as far as the picture has as many pixels."""

    name, labels, domain = "detail", False, "photos"

    def __init__(self, least=60):
        self.least = least

    def observe(self, images):
        return [max(image.size) for image in images]

    def compare(self, reference, observed):
        return Score(min(1.0, 0.9 * observed / self.least))


class Pixels:
    """Two classes, by the pixels that it is shown; as sure as it was made."""

    name, labels = "pixels", True

    def __init__(self, sure=0.9):
        self.sure = sure

    def observe(self, images):
        return [int(image.width >= 160) for image in images]

    def compare(self, reference, observed):
        names = ("few", "many")
        rank = int(reference != observed)
        return Score(0.95, label_before=names[reference], label=names[observed], rank=rank, sure=self.sure)
'''
CONFIG = """\
version: 1
evaluators:
  detail: {kind: python, object: "ownlooks:Detail"}
  stern: {kind: python, object: "ownlooks:Detail", options: {least: 100}}
  pixels: {kind: python, object: "ownlooks:Pixels", labels: true}
  meek: {kind: python, object: "ownlooks:Pixels", options: {sure: 0.12}, labels: true}
rules:
- {match: "sided/**", strategy: semantic, evaluator: [detail, pixels], formats: [webp]}
- {match: "meek/**", strategy: both, evaluator: meek, formats: [webp]}
- {match: "drawn/**", strategy: semantic, evaluator: detail, formats: [webp]}
- {match: "seen/**", strategy: semantic, evaluator: detail, formats: [webp], confirm: stern}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("routes") / "tree")
    tree.put("ownlooks.py", JUDGES)
    tree.put("semopt.yaml", CONFIG)
    tree.put("sided/one.jpg", encoded(photo(160, 120, 1)))
    tree.put("meek/two.jpg", encoded(photo(120, 90, 2)))
    tree.put("drawn/three.png", encoded(drawing(120, 90), "PNG", compress_level=0))
    tree.put("seen/four.jpg", encoded(photo(200, 150, 4)))
    assert {outcome["status"] for outcome in tree.build()} == {"optimized"}
    return tree


@pytest.mark.parametrize(
    ("path", "strategy", "why"),
    [
        (
            "sided/one.jpg",
            "visual",
            "pixels takes it for 'many', shifted by a few pixels for 'few', scaled once more for 'few'",
        ),
        ("meek/two.jpg", "visual", "meek is not sure what it sees ('few', 12%)"),
        ("drawn/three.png", "lossless", "detail does not judge drawings or screenshots"),
    ],
)
def test_the_manifest_says_what_was_done_and_why(site: Tree, path: str, strategy: str, why: str) -> None:
    entry = site.manifest[path]
    assert (entry["status"], entry["strategy"], entry["reason"]) == ("optimized", strategy, why)
    assert {variant["for"] for variant in entry["variants"]} == {"people"}
    assert all(variant["width"] == entry["width"] for variant in entry["variants"])
    wanted = "both" if path.startswith("meek") else "semantic"
    said = site.semopt("explain", path)
    assert f" strategy {strategy} instead of {wanted}, as {entry['reason']} answer " in " ".join(said.stdout.split())
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert json.loads(site.semopt("explain", path, "--json").stdout)["instead"] == wanted


def test_judges_that_confirm_see_what_was_found_and_nothing_else(site: Tree) -> None:
    (variant,) = site.manifest["seen/four.jpg"]["variants"]
    assert set(variant["scores"]) == {"detail", "stern"}
    assert max(variant["width"], variant["height"]) >= 100
    found = json.loads(site.semopt("explain", "seen/four.jpg", "--json").stdout)
    passes = found["work"]["judges"]
    assert passes["stern"]["search"] == 0
    assert 0 < passes["stern"]["confirm"] <= 8
    assert sum(one["confirm"] for one in passes.values()) == found["work"]["confirm"]
    assert "no, confirm" in {trial["verdict"] for trial in found["trials"]}
    assert "stern: 1 reference + 0 search" in site.semopt("explain", "seen/four.jpg").stdout


def test_what_went_another_way_holds_in_a_check(site: Tree) -> None:
    for arguments in ((), ("--again",)):
        ran = site.semopt("check", *arguments)
        assert (ran.returncode, ran.stdout) == (0, "4 ok.\nEverything holds.\n")


def test_a_check_asks_the_judges_that_confirm(site: Tree) -> None:
    before = (site.root / "semopt.yaml").read_text()
    site.put("semopt.yaml", before.replace("least: 100", "least: 190"))
    try:
        ran = site.semopt("check", "--only", "seen/**")
        assert ran.returncode == 1
        assert "is not recognised" in ran.stdout
        assert "stern gives 0." in ran.stdout
    finally:
        site.put("semopt.yaml", before)


def test_the_line_of_an_image_says_it_too(site: Tree) -> None:
    lines = site.semopt("build", "-v").stdout
    assert "; lossless, as detail does not judge drawings or screenshots\n" in lines
