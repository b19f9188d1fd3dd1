"""Objects of one's own as judges: found without being run, run when loaded, guarded when asked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from semopt.evaluators import KINDS
from semopt.types import EvaluatorError, EvaluatorSpec, Score

JUDGE = """
from semopt.types import Score

class Mean:
    name, labels = "mean", False
    def __init__(self, scale=1):
        self.scale = scale
    def observe(self, images):
        return [image.resize((1, 1)).getpixel((0, 0))[0] * self.scale for image in images]
    def compare(self, reference, observed):
        return Score(1 / (1 + abs(reference - observed)))

judge = Mean()
def make(scale=1):
    return Mean(scale)
"""
GREY, DARK = Image.new("RGB", (4, 4), (9, 9, 9)), Image.new("RGB", (4, 4), (8, 8, 8))


@pytest.fixture(autouse=True)
def own_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test imports is forgotten after it, and so is the path."""
    from semopt.evaluators import python

    monkeypatch.setattr(sys, "modules", sys.modules.copy())
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setattr(python, "_RAN", {})
    monkeypatch.setattr(python, "_ADDED", [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/ownjudges.py").write_text(JUDGE)
    return tmp_path / "here"


def spec(folder: Path, object: str = "ownjudges:make", **options: str) -> EvaluatorSpec:
    return EvaluatorSpec("mine", "python", tuple(sorted({"folder": str(folder), "object": object, **options}.items())))


def load(folder: Path, object: str = "ownjudges:make", **options: str):
    return KINDS["python"].load(spec(folder, object, **options), progress=False)


def fingerprint(folder: Path, object: str = "ownjudges:make", **options: str) -> str:
    return KINDS["python"].fingerprint(spec(folder, object, **options))


def complaint(ask, *arguments, **options) -> str:
    with pytest.raises(EvaluatorError) as error:
        ask(*arguments, **options)
    return str(error.value)


@pytest.mark.parametrize("object", ["ownjudges:judge", "ownjudges:make", "ownjudges:Mean"])
def test_an_object_a_function_or_a_class_makes_a_judge(folder: Path, object: str) -> None:
    judge = load(folder, object)
    assert (judge.name, judge.labels) == ("mine", False)
    assert judge.compare(*judge.observe([GREY, DARK])) == Score(0.5)


def test_options_are_handed_to_what_makes_it(folder: Path) -> None:
    judge = load(folder, options='{"scale": 3}')
    assert judge.compare(*judge.observe([GREY, DARK])) == Score(0.25)
    assert "is a judge already; name what makes one" in complaint(load, folder, "ownjudges:judge", options='{"a": 1}')
    assert "ownjudges:make failed (TypeError: " in complaint(load, folder, options='{"size": 3}')


def test_nothing_runs_before_it_is_loaded(folder: Path) -> None:
    package = folder / "ownpackage"
    package.mkdir()
    for file in (package / "__init__.py", package / "inner.py"):
        file.write_text(f"open({str(folder / 'ran')!r}, 'a')\n" + JUDGE)
    assert fingerprint(folder, "ownpackage.inner:make") == fingerprint(folder, "ownpackage.inner:make")
    assert not (folder / "ran").exists()
    load(folder, "ownpackage.inner:make")
    assert (folder / "ran").exists()
    assert not list(folder.rglob("__pycache__"))


def test_the_fingerprint_follows_content_options_and_files(folder: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"1")
    files = {"files": f'["{weights.as_posix()}"]'}
    seen = [fingerprint(folder), fingerprint(folder, "ownjudges:judge"), fingerprint(folder, options='{"scale": 2}')]
    seen += [fingerprint(folder, labels="true"), fingerprint(folder, **files)]
    weights.write_bytes(b"2")
    seen.append(fingerprint(folder, **files))
    (folder / "ownjudges.py").write_text(JUDGE + "#")
    seen.append(fingerprint(folder))
    assert len(set(seen)) == len(seen)
    (tmp_path / "there").mkdir()
    (tmp_path / "there/ownjudges.py").write_text(JUDGE + "#")
    assert fingerprint(tmp_path / "there") == seen[-1]
    weights.unlink()
    assert "files: cannot read" in complaint(fingerprint, folder, **files)


def test_a_judge_that_was_edited_is_loaded_as_it_stands_now(folder: Path) -> None:
    load(folder)
    (folder / "ownjudges.py").write_text(JUDGE.replace("(1 / (1 + abs(reference - observed)))", "(0.25)"))
    judge = load(folder)
    assert judge.compare(*judge.observe([GREY, DARK])) == Score(0.25)


def test_two_folders_may_have_a_module_of_one_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/ownjudges.py").write_text(JUDGE.replace("(1 / (1 + abs(reference - observed)))", "(0.25)"))
    one, other = load(folder), load(tmp_path / "there")
    assert one.compare(*one.observe([GREY, DARK])) == Score(0.5)
    assert other.compare(*other.observe([GREY, DARK])) == Score(0.25)
    assert load(folder).compare(9, 8) == Score(0.5)


def test_what_python_finds_already_comes_before_the_folder(folder: Path) -> None:
    (folder / "json.py").write_text(JUDGE)
    assert "json has no 'make'" in complaint(load, folder, "json:make")


@pytest.mark.parametrize(
    ("object", "said"),
    [
        ("nowhere:make", "object: the module 'nowhere' is neither on Python's path nor in"),
        ("ownjudges.inner:make", "object: the module 'ownjudges.inner' is neither"),
        ("ownjudges:None", "object: ownjudges has no 'None'"),
        ("ownjudges:__doc__", "is neither a judge nor callable; a judge has 'observe' and 'compare'"),
        ("ownjudges:Score", "ownjudges:Score failed (TypeError: "),
        ("sys:path", "object: 'sys' is no file but a folder or built in"),
        ("ownjudges", "object: expected 'module:object', found 'ownjudges'"),
        ("wrong:make", "wrong cannot be imported (ZeroDivisionError: division by zero)"),
        ("wronger:make", "wronger cannot be imported (SyntaxError: "),
    ],
)
def test_what_cannot_be_loaded_is_a_sentence(folder: Path, object: str, said: str) -> None:
    (folder / "wrong.py").write_text("1 / 0")
    (folder / "wronger.py").write_text("def")
    found = complaint(load, folder, object)
    assert found.startswith("evaluator 'mine': ")
    assert said in found


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("for image in images", "for image in images[1:]", "observe gave 1 observations of 2 images"),
        ("resize((1, 1))", "resize((0, 1, 2))", "observe failed ("),
        ("Score(1 / (1 + abs(reference - observed)))", "0.5", "compare gave float, not a semopt.types.Score"),
        ("abs(reference - observed)", "0 - 3", "compare gave a similarity of -0.5, not from 0 to 1"),
        ("Score(1 / (1 + abs(reference - observed)))", "Score(float('nan'))", "compare gave a similarity of nan"),
        ("1 / (1 +", "1 / (0 *", "compare failed (ZeroDivisionError: division by zero)"),
    ],
)
def test_answers_of_no_use_are_sentences(folder: Path, before: str, after: str, said: str) -> None:
    (folder / "ownjudges.py").write_text(JUDGE.replace(before, after))
    judge = load(folder)
    assert said in complaint(lambda: judge.compare(*judge.observe([GREY, DARK])))


def test_a_judge_that_is_said_to_know_classes_must_name_them(folder: Path) -> None:
    judge = load(folder, labels="true")
    assert judge.labels
    assert "gave no label_before, label and rank" in complaint(judge.compare, 1, 2)
