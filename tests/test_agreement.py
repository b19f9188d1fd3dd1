"""Several judges through the real commands: as many must accept as `agree` says; and answers within a family."""

from __future__ import annotations

import json

import pytest

from conftest import Tree, encoded, photo

JUDGES = '''\
"""Judges that go by the size they are shown alone: above `least` px they see the same, below it something else."""

from semopt.types import Score


class Sized:
    name = "sized"
    labels = True

    def __init__(self, least, label, family):
        self.least, self.label, self.family = least, label, family

    def observe(self, images):
        return [max(image.size) for image in images]

    def compare(self, reference, observed):
        holds = observed >= self.least
        family = self.family if self.family is None or not holds else 0
        label = "tiger cat" if holds else self.label
        return Score(0.95 if holds or self.family else 0.5, label_before="tiger cat", label=label,
                     rank=int(not holds), family=family)


def make(least, label="cab", family=None):
    return Sized(least, label, family)
'''

SITE = """\
version: 1
evaluators:
  small: {{kind: python, object: "judges:make", labels: true, options: {{least: 40}}}}
  middle: {{kind: python, object: "judges:make", labels: true, options: {{least: 90}}}}
  large: {{kind: python, object: "judges:make", labels: true, options: {{least: 130}}}}
  cats: {{kind: python, object: "judges:make", labels: true, options: {{least: 130, label: Egyptian cat, family: 1}}}}
  taxis: {{kind: python, object: "judges:make", labels: true, options: {{least: 130, label: cab, family: 99}}}}
rules:
- {{match: "**", strategy: semantic, formats: [webp], {keys}}}
"""
THREE = "evaluator: [small, middle, large]"


@pytest.fixture
def site(tree: Tree) -> Tree:
    tree.put("judges.py", JUDGES)
    tree.put("a.jpg", encoded(photo(180, 135)))
    return tree


def built(site: Tree, keys: str) -> int:
    """The longest side in px of the variant that a rule with these keys gives."""
    site.put("semopt.yaml", SITE.format(keys=keys))
    (outcome,) = site.build()
    assert outcome["status"] in ("optimized", "cached"), outcome
    (variant,) = outcome["variants"]
    return max(variant["width"], variant["height"])  # type: ignore[no-any-return]


def test_as_many_judges_accept_as_agree_says(site: Tree) -> None:
    one, two, three, everyone = (built(site, f"{THREE}, agree: {number}") for number in (1, 2, 3, "all"))
    assert 40 <= one < 90 <= two < 130 <= three == everyone
    assert built(site, THREE) == everyone


def test_a_judge_that_is_named_has_its_own_threshold_and_the_others_the_rest(site: Tree) -> None:
    assert 90 <= built(site, f"{THREE}, keep: {{similarity: 0.9, large: {{similarity: 0.5}}}}") < 130
    assert built(site, f"{THREE}, keep: {{similarity: 0.4, large: {{similarity: 0.9}}}}") >= 130
    # what is said for all does not hold for one that is named, not even its label
    assert 90 <= built(site, f"{THREE}, keep: {{label: same, large: {{similarity: 0.5}}}}") < 130
    assert built(site, f"{THREE}, keep: {{label: same, large: {{similarity: 0.5, label: same}}}}") >= 130


def test_check_asks_as_many_as_must_agree(site: Tree) -> None:
    built(site, f"{THREE}, agree: 2")
    assert site.semopt("check", "--again").returncode == 0
    site.put("semopt.yaml", SITE.format(keys=f"{THREE}, agree: 1"))
    assert "stale         a.jpg: " in site.semopt("check").stdout
    site.put("semopt.yaml", SITE.format(keys=THREE))
    ran = site.semopt("check")
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "large gives 0.500 and sees 'cab' for 'tiger cat')" in " ".join(ran.stdout.split())
    site.put("semopt.yaml", SITE.format(keys=f"{THREE}, agree: 2, keep: {{small: {{similarity: 0.99}}}}"))
    assert "unrecognised  a.jpg: " in site.semopt("check").stdout


def test_explain_gives_the_verdict_of_as_many_as_must_agree(site: Tree) -> None:
    built(site, f"{THREE}, agree: 2, keep: {{label: same}}")
    ran = site.semopt("explain", "a.jpg", "--json")
    for trial in json.loads(ran.stdout)["trials"]:
        if trial["scores"] is not None:
            content = sum(score["similarity"] >= 0.9 and score["rank"] == 0 for score in trial["scores"].values())
            assert trial["passed"] == (content >= 2)
    said = site.semopt("explain", "a.jpg").stdout
    assert "  answers   large sees 'tiger cat'; refuses 'cab'\n" in said
    assert max(map(len, said.splitlines())) <= 80


def test_from_python_they_agree_as_well(site: Tree) -> None:
    import semopt

    small = built(site, f"{THREE}, agree: 2")
    for file in ("semopt-manifest.json", "a.jpg.semopt.webp"):
        (site.root / file).unlink()
    (outcome,) = semopt.build(site.root, jobs=1)
    assert max(outcome.variants[0].width, outcome.variants[0].height) == small
    assert [name for name, _ in outcome.variants[0].scores] == ["large", "middle", "small"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (f"{THREE}, agree: 4", "agree: expected 'all' or a number from 1 to 3, as this rule asks 'small', 'middle', "),
        (f"{THREE}, agree: 0", "agree: expected 'all' or a whole number from 1, found 0"),
        ("evaluator: small, agree: 2", "agree: expected 'all' or 1, as this rule asks 'small', found 2"),
    ],
)
def test_more_than_there_are_cannot_agree(site: Tree, keys: str, said: str) -> None:
    site.put("semopt.yaml", SITE.format(keys=keys))
    ran = site.semopt("build")
    assert ran.returncode == 2
    assert said in ran.stderr


# --- families -------------------------------------------------------------------------------------------------------


def test_an_answer_may_change_within_its_family_and_no_further(site: Tree) -> None:
    assert built(site, "evaluator: cats, keep: {label: family}") < 130
    (variant,) = site.manifest["a.jpg"]["variants"]
    score = variant["scores"]["cats"]
    assert (score["label_before"], score["label"], score["family"]) == ("tiger cat", "Egyptian cat", 1)
    said = site.semopt("explain", "a.jpg").stdout
    assert "  answers   cats sees 'tiger cat'; allows 'Egyptian cat' (family at height 1)\n" in said
    assert site.semopt("check", "--again").returncode == 0
    assert built(site, "evaluator: cats, keep: {label: same}") >= 130
    assert built(site, "evaluator: taxis, keep: {label: family, family_height: 10}") >= 130
    assert "taxis sees 'tiger cat'; refuses 'cab' (no family)\n" in site.semopt("explain", "a.jpg").stdout


def test_a_judge_without_families_is_named(site: Tree) -> None:
    site.put("semopt.yaml", SITE.format(keys="evaluator: [cats, small], keep: {label: family}"))
    ran = site.semopt("build")
    assert (ran.returncode, ran.stderr) == (
        2,
        "evaluator 'small' has no families, which 'keep' asks for, as its classes are not ImageNet's; ask for "
        "'label: same' or 'label: top5', or ask another judge\n",
    )
