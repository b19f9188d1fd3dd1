"""What a pull request is told: Markdown and annotations that no name can act on."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Tree, encoded, photo
from semopt.cli.gate import annotated, code, escaped, markdown
from semopt.findings import Finding

NASTY = "a`b``c|d<img src=x>@team [x](http://e.vil) #1 *b*_i_\\\n::error::x.jpg"


def test_a_name_is_a_code_span_that_nothing_ends() -> None:
    assert code("photos/cat.jpg") == "`photos/cat.jpg`"
    assert code("a`b") == "``a`b``"
    assert code("`") == "`` ` ``"
    assert code(" a") == "`  a `"
    assert code(NASTY).startswith("```a`b``c|d<img")
    assert "\n" not in code(NASTY)


def test_a_clause_is_text_and_nothing_else() -> None:
    said = escaped(NASTY + " www.e.vil")
    for markup in ("<img", "@team", "[x]", "http://", "*b*", " #1", "www.e", "\n"):
        assert markup not in said
    assert escaped("embedded gives 0.412, under 0.9 (limits.tree)") == "embedded gives 0.412, under 0.9 (limits.tree)"


def test_a_summary_has_totals_and_names_so_many() -> None:
    found = [Finding(f"{n}.jpg", "missing", "is not there") for n in range(30)] + [Finding("b.jpg", "ok")]
    lines = list(markdown(found, "`semopt build` mends it."))
    assert lines[0] == "### semopt check: 30 of 31 do not hold"
    assert "| **missing** | 30 |" in lines
    assert sum(line.startswith("- missing: `") for line in lines) == 25
    assert "- and 5 more" in lines
    assert lines[-1] == "`semopt build` mends it."
    assert next(markdown([Finding("b.jpg", "ok")], "")) == "### semopt check: everything holds"


def test_annotations_are_escaped_and_relative_to_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    site = tmp_path / "site"
    site.mkdir()
    found = [
        Finding("a,b:c%.jpg", "missing", "is not there"), Finding("ok.jpg", "ok"),
        Finding("x\n::error::y.jpg", "failed"),
        Finding("photos/", "over", "too many"), Finding("the tree", "over", "too many"),
    ]  # fmt: skip
    assert list(annotated((one, site) for one in found)) == [
        "::error file=site/a%2Cb%3Ac%25.jpg,title=semopt%3A missing::a,b:c%25.jpg: is not there",
        "::error file=site/x%0A%3A%3Aerror%3A%3Ay.jpg,title=semopt%3A failed::x\\n::error::y.jpg: ",
        "::error title=semopt%3A over::photos/: too many",
        "::error title=semopt%3A over::the tree: too many",
    ]


def test_so_many_annotations_and_no_more(tmp_path: Path) -> None:
    lines = list(annotated((Finding(f"{n}.jpg", "missing", "x"), tmp_path) for n in range(14)))
    assert len(lines) == 11
    assert lines[-1] == "::error title=semopt::4 more findings; the log names all of them"


def test_the_command_in_actions(tree: Tree) -> None:
    tree.put("one.jpg", encoded(photo(40, 30)))
    here = {"GITHUB_WORKSPACE": str(tree.root)}
    ran = tree.semopt("check", "--markdown", GITHUB_ACTIONS="true", **here)
    assert ran.returncode == 1
    assert ran.stdout.startswith("### semopt check: 1 of 1 do not hold\n")
    assert "- missing: `one.jpg` is not in the manifest; it was never built" in ran.stdout
    assert ran.stderr == (
        "::error file=one.jpg,title=semopt%3A missing::one.jpg: is not in the manifest; it was never built\n"
    )
    assert tree.semopt("check", "--markdown", **here).stderr == ""
