"""`semopt schema`: the JSON Schema takes what the config takes, and refuses what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conftest import REPOSITORY, Tree
from semopt import config
from semopt.config import descriptions, reference, schema
from semopt.config.jsonschema import DIALECT, SHIPPED, generate
from semopt.types import ConfigError

VALIDATOR = jsonschema.Draft202012Validator(generate())

GOOD = [
    "version: 1",
    "{version: 1, rules: []}",
    "{version: 1, exclude: [], limits: {max_pixels: 50M, max_bytes: 1500000, seconds: 0.5}}",
    "{version: 1, evaluator: [embedded, net], evaluators: {net: {kind: torchvision, model: resnet152}}}",
    "{version: 1, evaluators: {net: {kind: torchvision, model: resnet18, weights: n/r.pth, sha256: %s}}}" % ("a" * 64),
    "{version: 1, evaluators: {another: {kind: embedded}}}",
    "{version: 1, rules: [{match: '**', strategy: both, formats: [avif, webp, jpeg], write: each}]}",
    "{version: 1, rules: [{match: ['a/**', '*.png'], strategy: semantic, keep: {similarity: 0.95}, agree: 1}]}",
    "{version: 1, rules: [{match: '**', keep: {embedded: {cosine: -0.5}}, floor: {ssimulacra2: 85.5}, agree: all}]}",
    "{version: 1, rules: [{match: '**', metadata: copyright, background: '#Fa0', placeholder: false}]}",
    "{version: 1, rules: [{match: '**', background: navy}], cache: .semopt/other}",
]

BAD = [
    "{}",
    "[]",
    "rules: []",
    "version: 2",
    "version: '1'",
    "{version: 1, asets: x}",
    "{version: 1, rules: {match: '**'}}",
    "{version: 1, rules: [{strategy: both}]}",
    "{version: 1, rules: [{match: []}]}",
    "{version: 1, rules: [{match: 'a\\b'}]}",
    "{version: 1, rules: [{match: ../up}]}",
    "{version: 1, rules: [{match: '/**'}]}",
    "{version: 1, rules: [{match: '**', strategy: semanitc}]}",
    "{version: 1, rules: [{match: '**', formats: webp}]}",
    "{version: 1, rules: [{match: '**', formats: [webp, webp]}]}",
    "{version: 1, rules: [{match: '**', keep: {similarity: 1.5}}]}",
    "{version: 1, rules: [{match: '**', keep: {similarity: '0.9'}}]}",
    "{version: 1, rules: [{match: '**', keep: {embedded: {similarty: 0.9}}}]}",
    "{version: 1, rules: [{match: '**', agree: 0}]}",
    "{version: 1, rules: [{match: '**', background: blueish}]}",
    "{version: 1, rules: [{match: '**', floor: {butteraugli: 1}}]}",
    "{version: 1, limits: {max_pixels: 50MB}}",
    "{version: 1, limits: {max_bytes: 0}}",
    "{version: 1, limits: {seconds: 0}}",
    "{version: 1, evaluators: {net: {kind: torchvision}}}",
    "{version: 1, evaluators: {net: {kind: torchvison, model: resnet18}}}",
    "{version: 1, evaluators: {net: {kind: torchvision, model: resnet19}}}",
    "{version: 1, evaluators: {net: {kind: embedded, model: resnet18}}}",
    "{version: 1, evaluators: {net: {model: resnet18}}}",
    "{version: 1, assets: ''}",
]


def takes(text: str) -> bool:
    return VALIDATOR.is_valid(yaml.safe_load(text))


def reads(text: str, folder: Path) -> bool:
    try:
        config.parse(text, folder / config.NAME)
    except ConfigError:
        return False
    return True


def described(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of a schema with what is said of it."""
    if isinstance(part, dict):
        for name, below in part.get("properties", {}).items():
            if isinstance(below, dict):
                yield name, below
    conditions_apart = [below for key, below in part.items() if key != "if"] if isinstance(part, dict) else part
    for below in conditions_apart if isinstance(conditions_apart, list) else ():
        yield from described(below)


def test_it_is_a_schema_of_the_dialect_that_it_names() -> None:
    jsonschema.Draft202012Validator.check_schema(generate())
    assert generate()["$schema"] == DIALECT


@pytest.mark.parametrize("text", GOOD)
def test_what_the_config_takes_is_valid(text: str, tmp_path: Path) -> None:
    assert reads(text, tmp_path)
    assert takes(text), next(VALIDATOR.iter_errors(yaml.safe_load(text))).message


@pytest.mark.parametrize("text", BAD)
def test_what_the_config_refuses_is_invalid(text: str, tmp_path: Path) -> None:
    assert not reads(text, tmp_path)
    assert not takes(text)


def test_the_configs_of_the_example_and_of_the_readme_are_valid() -> None:
    assert takes((REPOSITORY / "example_site" / "semopt.yaml").read_text())
    readme = (REPOSITORY / "README.md").read_text()
    assert takes(readme.partition("```yaml\n")[2].partition("```")[0])


def test_every_key_has_a_description() -> None:
    keys = list(described(generate(later=())))
    bare = [name for name, one in keys if one.get("description", "Expects ").startswith("Expects ")]
    assert bare == [], "write a sentence for these in semopt/config/descriptions.py"
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in descriptions.KEYS.values())


@pytest.mark.parametrize("path", ["spend", "rules.seed", "rules.write: each"])
def test_what_is_for_a_later_version_says_so(path: str) -> None:
    key, _, value = path.partition(": ")
    name = key.rpartition(".")[2]
    shown = [one["description"] for found, one in described(generate(later={path})) if found == name]
    assert any((value or "Not in this version") in text and "Not in this version" in text for text in shown)


def test_what_comes_with_a_later_version_is_refused_until_then(tmp_path: Path) -> None:
    text = "{version: 1, rules: [{match: '**', seed: 3}]}"
    taken = generate(later=schema.LATER - {"rules.seed"})
    refused = generate(later=schema.LATER | {"rules.seed"})
    assert jsonschema.Draft202012Validator(taken).is_valid(yaml.safe_load(text))
    assert not jsonschema.Draft202012Validator(refused).is_valid(yaml.safe_load(text))


def test_a_check_of_an_unknown_sort_takes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(schema.LIMITS, "novel", lambda place: 1)
    limits = generate()["properties"]["limits"]["properties"]
    assert set(limits["novel"]) == {"description"}


def test_the_command_prints_what_is_generated(tree: Tree) -> None:
    ran = tree.semopt("schema")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == generate()


def test_the_package_ships_what_is_generated(tree: Tree) -> None:
    assert json.loads(SHIPPED.read_bytes()) == generate(), "semopt schema > semopt/semopt.schema.json"
    assert tree.semopt("schema", "--path").stdout == f"{SHIPPED}\n"


def test_help_shows_an_example(tree: Tree) -> None:
    assert "yaml-language-server: $schema=" in tree.semopt("schema", "--help").stdout


def test_the_keys_for_people_are_those_of_the_schema() -> None:
    page = (REPOSITORY / "docs/config.md").read_text()
    assert page == reference.markdown(), "semopt schema --markdown > docs/config.md"
    rule = generate()["properties"]["rules"]["items"]["properties"]
    assert all(f"| `{key}` |" in page for key in (*rule, *generate()["properties"]))
