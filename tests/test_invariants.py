"""Never larger, never lost: the generated sequences of `tests.soak.people`, a few that repeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from semopt import config, pipeline
from tests.soak import people
from tests.soak.scenarios import picture


def test_never_larger_never_lost() -> None:
    people.check(examples=60, steps=25, repeat=True)


RULES = "version: 1\nrules: [{match: '**', strategy: lossless, formats: [webp]}]\n"


@pytest.mark.parametrize("only", ["deep/*", None])
def test_variants_under_another_template_stay_known_and_breed_none(tmp_path: Path, only: str | None) -> None:
    """Where a build with --only follows a change of the template, the manifest names files of two templates."""
    (tmp_path / "deep").mkdir()
    for seed, name in enumerate(("a.png", "deep/b.png")):
        picture(seed).save(tmp_path / name)
    (tmp_path / "semopt.yaml").write_text(RULES + "output: 'small/{dir}/{name}.{ext}'\n")
    for text, wanted in ((None, None), (RULES, only), (RULES, None)):
        if text:
            (tmp_path / "semopt.yaml").write_text(text)
        outcomes = list(pipeline.run(config.load(tmp_path / "semopt.yaml"), pipeline.Scope(only=wanted)))
    assert [outcome.path for outcome in outcomes] == ["a.png", "deep/b.png"]
    there = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.webp")}
    assert there == {"a.png.semopt.webp", "deep/b.png.semopt.webp"}
