"""`semopt explain` through the real command: rule, reason, trials, and nothing written."""

from __future__ import annotations

import json
import shutil

import pytest

from conftest import Tree, drawing, encoded, photo
from semopt.types import Outcome, Settings, Variant

RULES = """version: 1
exclude: ["old", "drafts/*.png"]
rules:
  - {match: ["team/**", "photos/*.jpg"], strategy: semantic, formats: [webp], keep: {similarity: 0.6}}
  - {match: "photos/**", strategy: visual, formats: [webp]}
  - {match: "raw/**", strategy: skip}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Explained and built once; most tests read the cache of it."""
    tree = Tree(tmp_path_factory.mktemp("built") / "tree")
    tree.put("semopt.yaml", RULES)
    tree.put("photos/one.jpg", encoded(photo(160, 120, 1)))
    tree.put("close.jpg", encoded(photo(120, 90, 2)))
    tree.put("photos/two.png", encoded(photo(80, 60, 2), "PNG"))
    tree.put("raw/three.png", encoded(drawing(40, 30), "PNG"))
    for file in ("close.jpg", "photos/two.png"):
        assert not explained(tree, file)["cached"]
    return tree


@pytest.fixture
def site(built: Tree, tree: Tree) -> Tree:
    shutil.copytree(built.root, tree.root, dirs_exist_ok=True)
    return tree


def explained(tree: Tree, file: str, *more: str) -> dict[str, object]:
    ran = tree.semopt("explain", file, "--json", *more)
    assert ran.stderr == ""
    return json.loads(ran.stdout)  # type: ignore[no-any-return]


def test_the_rule_its_glob_its_line_and_what_would_have_come_later(site: Tree) -> None:
    found = explained(site, "photos/one.jpg")
    assert found["governed"] == {"rule": "rules[0]", "line": 4, "match": "photos/*.jpg"}
    assert found["later"] == [{"rule": "rules[1]", "line": 5, "match": "photos/**"}]


def test_every_trial_has_bytes_scores_and_verdict_and_the_winner_is_the_variant(site: Tree) -> None:
    before = site.files()
    found = explained(site, "photos/one.jpg")
    assert site.files() == before
    trials = found["trials"]
    assert isinstance(trials, list)
    assert len(trials) == found["work"]["encodes"]  # type: ignore[index]
    (winner,) = [trial for trial in trials if trial["verdict"] == "winner"]
    assert winner["bytes"] == found["variants"][0]["bytes"]  # type: ignore[index]
    for trial in trials:
        asked = trial["scores"] is not None
        assert trial["verdict"] in (("yes", "no", "winner") if asked else ("",))
        assert not asked or (trial["scores"]["embedded"]["similarity"] >= 0.6) == (trial["verdict"] != "no")


def test_an_answer_is_taken_from_the_cache_and_is_the_builds(site: Tree) -> None:
    first, again = explained(site, "photos/one.jpg"), explained(site, "photos/one.jpg")
    assert (first["cached"], again["cached"]) == (False, True)
    assert [one["verdict"] for one in again["trials"]] == [one["verdict"] for one in first["trials"]]  # type: ignore[attr-defined]
    assert (site.root / ".semopt/.gitignore").read_text() == "*\n"
    steps = [json.loads(line) for line in site.semopt("build", "--dry-run", "--json").stdout.splitlines()]
    assert {step["path"]: step["action"] for step in steps}["photos/one.jpg"] == "restore"


def test_a_search_says_what_it_took_and_a_known_answer_took_nothing(site: Tree) -> None:
    first, again = explained(site, "photos/one.jpg"), explained(site, "photos/one.jpg")
    took = first["milliseconds"]
    assert isinstance(took, dict)
    assert took["together"] == took["pixels"] + took["judges"] > 0
    assert again["milliseconds"] is None
    assert "known to the cache\n" in (said := site.semopt("explain", "photos/one.jpg").stdout)
    assert "  time      none: the answer was known\n" in said


def test_what_was_found_says_how_it_was_confirmed(site: Tree) -> None:
    found = explained(site, "photos/one.jpg")
    looks = found["work"]["confirm"]  # type: ignore[index]
    assert str(found["confirmation"]).startswith(f"{looks} looks beside the search: mirrored, ")
    assert explained(site, "photos/two.png")["confirmation"] is None


def test_long_names_and_reasons_stay_in_80_columns(site: Tree) -> None:
    name = "photos/" + "a rather long name of many words " * 5 + ".jpg"
    site.put(name, encoded(photo(50, 40)))
    lines = site.semopt("explain", name).stdout.splitlines()
    assert max(map(len, lines[1:])) <= 80


def test_people_get_a_table_of_at_most_80_columns(site: Tree) -> None:
    ran = site.semopt("explain", "photos/one.jpg")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "rules[0] in line 4: 'photos/*.jpg' matches; semantic" in ran.stdout
    assert "rules[1] in line 5" in ran.stdout
    assert ran.stdout.count("winner") == 1
    assert "4 reference + " in ran.stdout


def test_the_default_rule_says_how_it_was_routed(site: Tree) -> None:
    ran = site.semopt("explain", "close.jpg")
    assert "default, which takes what no rule matches" in ran.stdout
    assert "both, as its pixels look like a photograph" in ran.stdout


def test_figures_to_the_eye_have_a_verdict(site: Tree) -> None:
    found = explained(site, "photos/two.png")
    assert found["strategy"] == "visual"
    assert {trial["verdict"] for trial in found["trials"]} <= {"winner", "yes", "no", ""}  # type: ignore[attr-defined]
    for trial in found["trials"]:  # type: ignore[attr-defined]
        if trial["measured"] is None:  # its bytes alone told that it need not be looked at
            assert not trial["verdict"]
            continue
        assert (trial["measured"] >= found["floor"]) == (trial["verdict"] != "no")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("old/a.jpg", "old/a.jpg is excluded: 'old' of exclude: matches old/, where it is."),
        ("drafts/b.png", "drafts/b.png is excluded: 'drafts/*.png' of exclude: matches it."),
        (".hidden/c.jpg", ".hidden/c.jpg is in .hidden/, and folders of that name are always left out."),
        ("node_modules/x/d.jpg", "is in node_modules/, and folders of that name are always left out."),
        ("notes.txt", "notes.txt is not an image by its name; looked at are .apng"),
        ("close.jpg.semopt.webp", "is a variant, which semopt writes itself; explain its original, close.jpg."),
        ("raw/three.png", "left      skipped by its rule"),
    ],
)
def test_what_is_left_out_says_why(site: Tree, file: str, said: str) -> None:
    if not (site.root / file).exists():
        site.put(file, b"anything")
    ran = site.semopt("explain", file)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert said in ran.stdout


def test_what_is_no_image_inside_fails_with_a_sentence(site: Tree) -> None:
    site.put("photos/text.jpg", "only words")
    ran = site.semopt("explain", "photos/text.jpg")
    assert ran.returncode == 1
    assert "failed: the file is text, not an image" in ran.stdout


def test_a_limit_that_is_lifted_is_forgotten(site: Tree) -> None:
    site.put("semopt.yaml", RULES + "limits: {max_bytes: 100}\n")
    assert "over limits.max_bytes (100)" in site.semopt("explain", "photos/two.png").stdout
    site.put("semopt.yaml", RULES)
    assert explained(site, "photos/two.png")["status"] == "optimized"


def test_outside_of_the_tree(site: Tree) -> None:
    site.put("semopt.yaml", RULES.replace("version: 1", "version: 1\nassets: photos"))
    ran = site.semopt("explain", "close.jpg")
    assert ran.returncode == 0
    assert "so no rule governs it" in ran.stdout
    found = explained(site, "photos/two.png")
    assert (found["path"], found["governed"]["rule"]) == ("photos/two.png", "default")  # type: ignore[index]


@pytest.mark.parametrize(("file", "said"), [("nothing.jpg", "no such file"), ("photos", "is a folder; name a file")])
def test_no_file_is_2(site: Tree, file: str, said: str) -> None:
    ran = site.semopt("explain", file)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_a_single_picture_without_config_leaves_nothing_behind(tree: Tree) -> None:
    tree.put("one.png", encoded(drawing(60, 40), "PNG", compress_level=1))
    assert "lossless, as its pixels look like a drawing" in tree.semopt("explain", "one.png").stdout
    assert [file.name for file in tree.root.iterdir()] == ["one.png"]


def test_help_shows_an_example(tree: Tree) -> None:
    assert "examples:" in tree.semopt("explain", "--help").stdout


def test_many_judges_fit_in_80_columns() -> None:
    from semopt.cli.explain import table
    from semopt.explain import Explained
    from semopt.types import Candidate, Score, Trial

    for count, least in ((3, "0.810"), (5, "0.810")):
        scores = {f"a_rather_long_name_{number}": Score(0.81 + number / 100) for number in range(count)}
        trial = Trial(Candidate("webp", 12_000, 10_000, 85), 123_456_789, scores, -43.6, True)
        outcome = Outcome("a.jpg", "optimized", trials=(trial,))
        lines = list(table(outcome, Explained("a.jpg", outcome=outcome)))
        assert max(map(len, lines)) <= 80
        assert least in lines[1]


def test_a_file_behind_a_link_is_told_where_it_is(site: Tree) -> None:
    (site.root / "also").symlink_to(site.root / "photos")
    said = site.semopt("explain", "also/one.jpg").stdout
    assert f"lies behind also, and links to folders are not followed: {site.root / 'photos/one.jpg'}" in " ".join(
        said.split()
    )


def test_widths_that_were_not_written_are_told(tree: Tree) -> None:
    tree.put("one.png", encoded(photo(640, 480, 3), "PNG", compress_level=1))
    tree.put("semopt.yaml", "version: 1\nrules: [{match: '**', strategy: both, widths: [16, 400], formats: [webp]}]\n")
    said = tree.semopt("build").stdout
    assert "1 lacks some of the widths asked for; semopt explain tells why:\n  one.png lacks 16 px\n" in said
    told = " ".join(tree.semopt("explain", "one.png").stdout.split())
    assert "lacks 16 px: it is not recognised; strategy visual asks no judge" in told
    tree.put("semopt.yaml", "version: 1\nrules: [{match: '**', strategy: visual, widths: [400], formats: [webp]}]\n")
    assert "lack" not in tree.semopt("build").stdout


def test_a_width_that_would_be_larger_than_the_original_is_no_matter_of_judges(tree: Tree) -> None:
    tree.put("one.jpg", encoded(photo(640, 480, 3), "JPEG", quality=20))
    tree.put("semopt.yaml", "version: 1\nrules: [{match: '**', strategy: lossless, widths: [60, 600]}]\n")
    assert "one.jpg lacks 600 px" in tree.semopt("build").stdout
    told = " ".join(tree.semopt("explain", "one.jpg").stdout.split())
    assert "lacks 600 px: nothing so wide is smaller than the original" in told


@pytest.mark.parametrize(
    ("widths", "most", "made", "lacks"),
    [
        ((100, 400), None, (400,), (100,)),
        ((100, 400), 300, (100,), (300,)),
        ((100, 400), 300, (100, 300), ()),
        ((100, 900), None, (100,), ()),  # none is wider than the original, which serves
        ((100, 400), None, (), ()),  # all of it is kept, for a reason of its own
        ((), None, (640,), ()),
    ],
)
def test_lacking_widths(
    widths: tuple[int, ...], most: int | None, made: tuple[int, ...], lacks: tuple[int, ...]
) -> None:
    variants = tuple(Variant("a.webp", "webp", "image/webp", width, 5, 70, 9, "", "people") for width in made)
    outcome = Outcome("a.png", "optimized", width=640, height=480, variants=variants)
    assert outcome.lacks(Settings(widths=widths, max_width=most)) == lacks
