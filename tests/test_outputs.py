"""Sizes, formats and places of variants, through the real command."""

from __future__ import annotations

import pytest
from PIL import Image

from conftest import Tree, drawing, encoded, photo

ALL = "version: 1\n{top}\nrules: [{{match: '**', {rule}}}]\n"


@pytest.fixture
def site(tree: Tree) -> Tree:
    tree.put("photos/one.jpg", encoded(photo(320, 240, 1)))
    return tree


def config(site: Tree, rule: str, top: str = "") -> None:
    site.put("semopt.yaml", ALL.format(rule=rule, top=top))


def sizes(site: Tree) -> set[tuple[str, int, int]]:
    variants = site.manifest["photos/one.jpg"]["variants"]
    for variant in variants:
        assert Image.open(site.root / variant["path"]).size == (variant["width"], variant["height"])
    return {(variant["path"], variant["width"], variant["height"]) for variant in variants}


def test_one_set_of_variants_for_each_width_and_none_wider_than_the_original(site: Tree) -> None:
    config(site, "strategy: visual, formats: [webp], widths: [80, 160, 640]")
    site.build()
    assert sizes(site) == {
        ("photos/one.jpg.80w.semopt.webp", 80, 60),
        ("photos/one.jpg.160w.semopt.webp", 160, 120),
        ("photos/one.jpg.320w.semopt.webp", 320, 240),
    }


def test_widths_of_lossless_and_both(site: Tree) -> None:
    site.put("photos/two.png", encoded(drawing(200, 100), "PNG", compress_level=0))
    config(site, "widths: [100]")
    site.build()
    assert {v["width"] for entry in site.manifest.values() for v in entry["variants"]} == {100}


def test_max_width_and_min_width(site: Tree) -> None:
    config(site, "strategy: visual, formats: [webp], max_width: 100")
    site.build()
    assert sizes(site) == {("photos/one.jpg.semopt.webp", 100, 75)}
    config(site, "strategy: semantic, formats: [webp], keep: {similarity: 0.3}, max_width: 90")
    site.build()
    assert all(width <= 90 for _, width, _ in sizes(site))
    config(site, "strategy: semantic, formats: [webp], keep: {similarity: 0.3}, min_width: 200")
    site.build()
    assert all(width >= 200 for _, width, _ in sizes(site))


@pytest.mark.parametrize(("write", "count"), [("smallest", 1), ("each", 2)])
def test_write(site: Tree, write: str, count: int) -> None:
    config(site, f"strategy: visual, formats: [webp, jpeg], write: {write}")
    site.build()
    assert len(sizes(site)) == count


def test_each_format_is_smaller_than_the_more_widely_supported(site: Tree) -> None:
    config(site, "strategy: visual, widths: [160, 320]")
    site.build()
    variants = site.manifest["photos/one.jpg"]["variants"]
    for width in (160, 320):
        by_format = {variant["format"]: variant["bytes"] for variant in variants if variant["width"] == width}
        ordered = [by_format[name] for name in ("avif", "webp", "jpeg") if name in by_format]
        assert ordered == sorted(ordered)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{dir}/{name}.{ext}", "photos/one.jpg.webp"),
        ("out/{dir}/{name}.{ext}", "out/photos/one.jpg.webp"),
        ("{dir}/{name}.{width}.{ext}", "photos/one.jpg.full.webp"),
    ],
)
def test_output_templates(site: Tree, template: str, path: str) -> None:
    rule = "strategy: visual, formats: [webp]"
    config(site, rule, f"output: '{template}'")
    site.build()
    assert sizes(site) == {(path, 320, 240)}
    before = site.files()
    assert [one["status"] for one in site.build()] == ["cached"]
    assert site.files() == before


def test_a_changed_template_moves_the_variants_without_searching_again(site: Tree) -> None:
    rule = "strategy: visual, formats: [webp]"
    for template, path in (
        ("{dir}/{name}.{ext}", "photos/one.jpg.webp"),
        ("small/{dir}/{name}.{ext}", "small/photos/one.jpg.webp"),
        ("{dir}/{name}.semopt.{ext}", "photos/one.jpg.semopt.webp"),
    ):
        config(site, rule, f"output: '{template}'")
        built = site.build()
        assert {one["path"] for one in built} == {"photos/one.jpg"}
        assert {name for name in site.files() if name.endswith(".webp")} == {path}
    assert built[0]["status"] == "cached"


def test_a_file_where_a_variant_goes_is_no_source_and_stays(site: Tree) -> None:
    foreign = encoded(photo(90, 60, 7), "WEBP")
    site.put("photos/one.jpg.webp", foreign)
    config(site, "strategy: visual, formats: [webp]", "output: '{dir}/{name}.{ext}'")
    ran = site.semopt("build")
    assert ran.returncode == 1
    assert "photos/one.jpg.webp is in the way and was not written by semopt" in ran.stderr
    assert site.manifest["photos/one.jpg.webp"]["reason"] == "stands where a variant of photos/one.jpg goes"
    assert (site.root / "photos/one.jpg.webp").read_bytes() == foreign


def test_variants_do_not_breed_where_everything_known_of_them_is_lost(site: Tree) -> None:
    config(site, "strategy: visual, formats: [webp]", "output: '{dir}/{name}.{ext}'")
    site.build()
    (site.root / "semopt-manifest.json").unlink()
    (site.root / ".semopt/index.json").unlink()
    site.build()
    assert not list(site.root.rglob("*.webp.webp"))


def test_exclude(site: Tree) -> None:
    site.put("drafts/two.jpg", encoded(photo(80, 60)))
    site.put(
        "semopt.yaml", "version: 1\nexclude: 'drafts/**'\nrules: [{match: '**', strategy: visual, formats: [webp]}]\n"
    )
    site.build()
    assert set(site.manifest) == {"photos/one.jpg"}


def test_frames_over_the_limit_are_refused(tree: Tree) -> None:
    frames = [photo(40, 40, seed).convert("P") for seed in range(4)]
    tree.put("moving.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    tree.put("semopt.yaml", "version: 1\nlimits: {max_frames: 3}\n")
    assert [one["reason"] for one in tree.build()] == ["has 4 frames, over limits.max_frames (3)"]
