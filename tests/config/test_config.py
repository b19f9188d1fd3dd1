"""semopt.yaml: what is read from it, and what is said of what cannot be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from semopt import config
from semopt.config.names import ALL, UNLABELLED, Names
from semopt.evaluators import KINDS
from semopt.types import Config, ConfigError, EvaluatorSpec, Keep, Limits, Rule, Settings

NAMES = Names(
    strategies=("semantic", "visual", "both", "lossless", "skip", "resize", "jpeg"),
    formats=("avif", "webp", "jpeg", "png"),
    models=("resnet50", "resnet152"),
    figures={
        "embedded": UNLABELLED,
        "torchvision": ALL,
        "onnx": ALL,
        "text": frozenset({"similarity", "cer"}),
        "python": UNLABELLED,
    },
    options={name: KINDS[name].keys for name in KINDS.built_in},
)
JUDGES = "evaluators:\n  imagenet: {kind: torchvision, model: resnet152}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A site with a folder of images."""
    (tmp_path / "photos").mkdir()
    return Path(os.path.realpath(tmp_path))


def read(root: Path, text: str | bytes) -> Config:
    """The config of this text."""
    return config.parse(text, root / "semopt.yaml", NAMES)


def faults(root: Path, text: str | bytes) -> list[str]:
    """The faults of this text, without the name of the file."""
    with pytest.raises(ConfigError) as error:
        read(root, text)
    lines = str(error.value).split("\n")
    assert all(line.startswith("semopt.yaml:") for line in lines)
    return [line.removeprefix("semopt.yaml:") for line in lines]


def rule(root: Path, keys: str, before: str = JUDGES) -> Settings:
    """The settings of one rule, from its keys in flow style."""
    return read(root, f"version: 1\n{before}rules:\n- {{match: a, {keys}}}\n").rules[0].settings


# --- what is read ---------------------------------------------------------------------------------------------------


ENVIRONMENT = "take them out, credentials come from the environment"
FOLLOWS = "follows, credentials come from the environment"


def test_a_cache_by_url(root: Path) -> None:
    found = read(root, "version: 1\ncache: s3://bucket/cache/")
    assert (found.cache, found.shared) == (None, "s3://bucket/cache")


def test_a_tree_at_a_url(root: Path) -> None:
    found = read(root, "version: 1\nassets: s3://bucket/site/")
    assert found.remote == "s3://bucket/site"
    assert found.root == found.assets
    assert found.root.parent == root / ".semopt" / "mirror"
    assert found.cache == root / ".semopt" / "cache"
    assert read(root, "version: 1\nassets: s3://bucket/other").root != found.root
    assert read(root, "version: 1\nassets: s3://b/x\ncache: s3://b/y").shared == "s3://b/y"
    assert faults(root, "version: 1\nassets: gs://me:hush@b/x") == [
        f"2: assets: the URL holds a user or a password; {ENVIRONMENT}"
    ]


def test_the_smallest_config(root: Path) -> None:
    assert read(root, "version: 1") == replace(config.default(root), file=root / "semopt.yaml")


def test_no_config_is_the_default_rule_alone(root: Path) -> None:
    found = config.default(root)
    assert (found.root, found.assets, found.file, found.rules, found.cache) == (root, root, None, (), None)
    assert found.default == Rule("default", ("**",), Settings())


def test_a_whole_config(root: Path) -> None:
    text = """\
version: 1
assets: photos
evaluator: [embedded, imagenet]
evaluators:
  imagenet: {weights: IMAGENET1K_V1, kind: torchvision, model: resnet152}
  mine: {kind: torchvision, model: resnet50, weights: weights/mine.pth, sha256: %s}
  second: {kind: embedded}
exclude: ["drafts/**", "*.psd"]
limits: {max_pixels: 20M, max_bytes: 1.5GB, seconds: 30}
cache: build/cache
rules:
- match: "heroes/**"
  strategy: both
  formats: [webp, avif]
  write: smallest
  metadata: copyright
  background: "#f80"
  floor: {ssimulacra2: 70}
- match: ["a/*.jpg", "b/*"]
  evaluator: embedded
""" % ("AB" * 32)
    found = read(root, text)
    heroes, second = found.rules
    judges = ("embedded", "imagenet")
    assert found.assets == root / "photos"
    assert found.cache == root / "build/cache"
    assert found.exclude == ("drafts/**", "*.psd")
    assert found.limits == Limits(20_000_000, 1_500_000_000, seconds=30.0)
    assert found.default == Rule("default", ("**",), Settings(evaluators=judges))
    assert found.evaluators == (
        EvaluatorSpec("embedded", "embedded"),
        EvaluatorSpec("text", "text"),
        EvaluatorSpec("imagenet", "torchvision", (("model", "resnet152"), ("weights", "IMAGENET1K_V1"))),
        EvaluatorSpec(
            "mine",
            "torchvision",
            (("model", "resnet50"), ("sha256", "ab" * 32), ("weights", str(root / "weights/mine.pth"))),
        ),
        EvaluatorSpec("second", "embedded"),
    )
    settings = Settings(
        strategy="both",
        formats=("webp", "avif"),
        write="smallest",
        evaluators=judges,
        floor=(("ssimulacra2", 70.0),),
        metadata="copyright",
        background=(255, 136, 0),
    )
    assert heroes == Rule("rules[0]", ("heroes/**",), settings, 12)
    assert second == Rule("rules[1]", ("a/*.jpg", "b/*"), Settings(), 19)


@pytest.mark.parametrize(
    ("keys", "keep"),
    [
        ("keep: {}", ()),
        ("keep: {similarity: 0.9}", (("*", Keep(0.9)),)),
        ("evaluator: [embedded, text], keep: {cer: 0.01}", (("*", Keep(cer=0.01)), ("embedded", Keep()))),
        ("evaluator: [imagenet, text], keep: {label: same}", (("*", Keep(label="same")), ("text", Keep()))),
        ("evaluator: imagenet, keep: {label: top5, kl: 1}", (("*", Keep(label="top5", kl=1.0)),)),
        (
            "evaluator: [embedded, imagenet], keep: {imagenet: {label: same}}",
            (("imagenet", Keep(label="same")),),
        ),
        (
            "evaluator: [embedded, imagenet], keep: {imagenet: {label: same}, similarity: 0.8}",
            (("*", Keep(0.8)), ("imagenet", Keep(label="same"))),
        ),
        # a judge without classes is asked for the rest only
        (
            "evaluator: [embedded, imagenet], keep: {similarity: 0.9, label: same}",
            (("*", Keep(0.9, "same")), ("embedded", Keep(0.9))),
        ),
        ("evaluator: imagenet, keep: {label: family}", (("*", Keep(label="family")),)),
        (
            "evaluator: [embedded, imagenet], keep: {kl: 0.3, label: family, family_height: 4}",
            (("*", Keep(None, "family", 4, kl=0.3)), ("embedded", Keep())),
        ),
    ],
)
def test_keep(root: Path, keys: str, keep: tuple[tuple[str, Keep], ...]) -> None:
    assert rule(root, keys).keep == keep


NUMBERED = "  ours: {kind: onnx, path: ours.onnx}\n"


def test_classes_without_names_have_no_family(root: Path) -> None:
    (root / "ours.onnx").touch()
    (root / "labels.txt").touch()
    text = "version: 1\n{}rules:\n- {{match: a, evaluator: {}, keep: {{label: family}}}}\n"
    judges = JUDGES + NUMBERED
    need = "6: rules[0].keep.label: needs a judge with classes of ImageNet, found only 'ours'; add one of kind"
    assert faults(root, text.format(judges, "ours")) == [f"{need} torchvision"]
    keep = read(root, text.format(judges, "[ours, imagenet]")).rules[0].settings.keep
    assert keep == (("*", Keep(label="family")), ("ours", Keep()))
    named = judges.replace("ours.onnx", "ours.onnx, labels: labels.txt")
    assert read(root, text.format(named, "ours")).rules[0].settings.keep == (("*", Keep(label="family")),)


@pytest.mark.parametrize(
    ("keys", "number"), [("agree: all", None), ("agree: 1", 1), ("evaluator: [embedded, imagenet], agree: 2", 2)]
)
def test_agree(root: Path, keys: str, number: int | None) -> None:
    assert rule(root, keys).agree == number


def test_judges_that_confirm_take_no_part_in_the_search(root: Path) -> None:
    found = rule(root, "strategy: semantic, confirm: imagenet, keep: {similarity: 0.8, imagenet: {label: same}}")
    assert (found.evaluators, found.confirm) == (("embedded",), ("imagenet",))
    assert found.keep_for("imagenet") == Keep(label="same")
    twice = "confirm: 'embedded' takes part in the search already; name a judge that does not"
    idle = "confirm: 'visual' has no use for it; remove it, or choose 'semantic' or 'both'"
    for keys, fault in (("confirm: [imagenet, embedded]", twice), ("strategy: visual, confirm: imagenet", idle)):
        text = f"version: 1\n{JUDGES}rules:\n- {{match: a, {keys}}}\n"
        assert faults(root, text) == [f"5: rules[0].{fault}"]


@pytest.mark.parametrize(
    ("text", "rgb"),
    [('"#fff"', (255, 255, 255)), ('"#0A1b2c"', (10, 27, 44)), ("Teal", (0, 128, 128)), ("red", (255, 0, 0))],
)
def test_colours(root: Path, text: str, rgb: tuple[int, int, int]) -> None:
    assert rule(root, f"background: {text}").background == rgb


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("100MB", 10**8), ("2GB", 2 * 10**9), ("50M", 5 * 10**7), ("1500000", 1_500_000), ("100 kB", 10**5), ('"7"', 7)],
)
def test_sizes(root: Path, text: str, bytes_: int) -> None:
    assert read(root, f"version: 1\nlimits: {{max_bytes: {text}}}").limits.max_bytes == bytes_


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(root: Path) -> None:
    assert read(root, b"\xef\xbb\xbfversion: 1\r\nrules: []\r\n").rules == ()


def test_absolute_paths_are_the_users_own_affair(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    found = read(root, f"version: 1\nassets: {other.as_posix()}\ncache: {other.as_posix()}/cache")
    assert (found.assets, found.cache) == (other, other / "cache")


def test_a_link_within_the_folder_is_inside(root: Path) -> None:
    (root / "link").symlink_to("photos")
    assert read(root, "version: 1\nassets: link").assets == root / "link"


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", " is empty; the smallest config is the line 'version: 1'"),
        ("# only a comment\n", " is empty; the smallest config is the line 'version: 1'"),
        ("- a", "1: expected a config, as a mapping of keys, found a list"),
        ("rules: []", "1: version: is missing; write for instance version: 1"),
        ("version: 2", "1: version: expected 1, the only version that this semopt reads, found 2"),
        ("version: '1'",
         "1: version: expected 1, the only version that this semopt reads, found '1'; remove the quotes"),
        ("version: 1.0", "1: version: expected 1, the only version that this semopt reads, found 1.0"),
        ("version: true", "1: version: expected 1, the only version that this semopt reads, found true"),
        ("version: 1\nverion: 1", "2: verion: is not a key of a config; did you mean 'version'?"),
        ("version: 1\n? [a]\n: b", "2: '?': expected a name before the colon, found a list"),
        ("version: 1\nrules:\n", "2: rules: expected a list of rules, found nothing"),
        ("version: 1\nrules: {}", "2: rules: expected a list of rules, found an empty mapping"),
        ("version: 1\nrules:\n- a", "3: rules[0]: expected a rule, as a mapping of keys, found 'a'"),
        ("version: 1\nrules:\n- strategy: skip",
         '3: rules[0].match: is missing; write for instance match: "photos/**"'),
        ("version: 1\nassets: fotos", "2: assets: 'fotos' does not exist; make it, or name the folder of images"),
        ("version: 1\nassets: semopt.txt", "2: assets: 'semopt.txt' is not a folder"),
        ("version: 1\ncache: semopt.txt", "2: cache: 'semopt.txt' is not a folder"),
        ("version: 1\nassets:", "2: assets: expected a folder, found nothing"),
        ("version: 1\nassets: ../x", "2: assets: found '../x'; '..' leads out of the folder; remove it"),
        ("version: 1\ncache: s3://key:hush@bucket/x", f"2: cache: the URL holds a user or a password; {ENVIRONMENT}"),
        ("version: 1\ncache: https://a.b/x?sig=hush", f"2: cache: the URL has a '?' or '#'; take out what {FOLLOWS}"),
        ("version: 1\ncache: 'S3://a b'", "2: cache: the URL is not a URL such as s3://bucket/folder"),
        ("version: 1\ncache: simplecache::s3://a/b", "2: cache: the URL is not a URL such as s3://bucket/folder"),
        ("version: 1\ncache: s3://a/../b", "2: cache: the URL must be written out, without '..' and '//'"),
        ("version: 1\ncache: file://x", "2: cache: the URL must begin with three slashes, as in file:///mnt/cache"),
        ("version: 1\ncache: ~/x", "2: cache: found '~/x'; '~' is not expanded; write the path out"),
        ("version: 1\ncache: 'a\\b'", r"2: cache: found 'a\\b'; write '/' between folders, not a backslash"),
        ('version: 1\ncache: "a\\0b"', r"2: cache: 'a\x00b' holds a control character; remove it"),
        ("version: 1\nlimits: {max_pixels: 50MB}",
         "2: limits.max_pixels: expected a number of pixels such as 50M or 1500000, found '50MB'"),
        ("version: 1\nlimits: {max_bytes: 0}",
         "2: limits.max_bytes: expected a number of bytes such as 100MB or 1500000, found 0"),
        ("version: 1\nlimits: {seconds: .inf}",
         "2: limits.seconds: expected a number of seconds from 0.1 to 86400, found '.inf'"),
        ("version: 1\nlimits: {seconds: 1e999}",
         "2: limits.seconds: expected a number of seconds from 0.1 to 86400, found 1e999"),
        ("version: 1\nlimits: {seconds: 12:30}",
         "2: limits.seconds: expected a number of seconds from 0.1 to 86400, found '12:30'"),
        ("version: 1\nevaluator: []",
         "2: evaluator: expected the name of an evaluator or a list of them, found an empty list"),
        ("version: 1\nevaluator: embeded", "2: evaluator: 'embeded' is not an evaluator; did you mean 'embedded'?"),
        ("version: 1\nevaluator: [embedded, embedded]", "2: evaluator[1]: 'embedded' stands here twice; keep one"),
        ("version: 1\nevaluator: resnet152",
         ("2: evaluator: 'resnet152' is not declared; write \"evaluators:\" and below it "
          '"  resnet152: {kind: torchvision, model: resnet152}"')),
    ],
)  # fmt: skip
def test_faults_of_the_file(root: Path, text: str, fault: str) -> None:
    (root / "semopt.txt").touch()
    assert faults(root, text) == [fault]


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("strategy: semanitc", "strategy: 'semanitc' is not a strategy; did you mean 'semantic'?"),
        ("strategy: fast", "strategy: 'fast' is not a strategy; choose from semantic, visual, both, lossless, skip, "
         "resize, jpeg"),
        ("strategy: [both]", "strategy: expected a strategy, found a list"),
        ("stratgy: both", "stratgy: is not a key of a rule; did you mean 'strategy'?"),
        ("match: b", "match: stands here twice, first in line 5; keep one"),
        ("formats: webp", "formats: expected a list of formats, found 'webp'"),
        ("formats: []", "formats: expected a list of formats, found an empty list"),
        ("formats: [webp, gif]", "formats[1]: 'gif' is not a format; choose from avif, webp, jpeg, png"),
        ("formats: [webp, webp]", "formats[1]: 'webp' stands here twice; keep one"),
        ("write: all", "write: 'all' is not a way to write; choose from smallest, each"),
        ("metadata: stripp", "metadata: 'stripp' is not a treatment of metadata; did you mean 'strip'?"),
        ("placeholder: on", "placeholder: expected true or false, found 'on'"),
        ("placeholder: 1", "placeholder: expected true or false, found 1"),
        ("background: fff", "background: expected a colour such as \"#ffffff\" or \"white\", found 'fff'"),
        ("background: ",
         "background: expected a colour such as \"#ffffff\", found nothing; without quotes '#' begins a comment"),
        ("floor: {psnr: 30}", "floor.psnr: is not a key of floor; choose from ssimulacra2"),
        ("floor: {ssimulacra2: 101}", "floor.ssimulacra2: expected a number up to 100, found 101"),
        ("floor: 70", "floor: expected floor, as a mapping of keys, found 70; write {ssimulacra2: 70}"),
        ("floor: high", "floor: expected floor, as a mapping of keys, found 'high'"),
        ("agree: 2", "agree: expected 'all' or 1, as this rule asks 'embedded', found 2"),
        ("agree: 0", "agree: expected 'all' or a whole number from 1, found 0"),
        ("agree: 1.0", "agree: expected 'all' or a whole number from 1, found 1.0"),
        ("agree: true", "agree: expected 'all' or a whole number from 1, found true"),
        ("keep: {similarity: high}", "keep.similarity: expected a number from 0 to 1, found 'high'"),
        ("keep: {similarity: 80%}", "keep.similarity: expected a number from 0 to 1, found '80%'; write 0.8"),
        ("keep: {similarity: '0.8'}", "keep.similarity: expected a number from 0 to 1, found '0.8'; remove the quotes"),
        ("keep: {similarity: 017}",
         "keep.similarity: expected a number from 0 to 1, found '017'; a number does not begin with 0"),
        ("keep: {similarity: .nan}", "keep.similarity: expected a number from 0 to 1, found '.nan'"),
        ("keep: {similarity: true}", "keep.similarity: expected a number from 0 to 1, found true"),
        ("keep: {similarty: 0.9}", "keep.similarty: is not a key of keep; did you mean 'similarity'?"),
        ("keep: {cosine: 2}", "keep.cosine: expected a number from -1 to 1, found 2"),
        ("keep: {label: same}",
         "keep.label: needs a judge with classes, found only 'embedded'; add one of kind torchvision"),
        ("keep: {label: family}",
         "keep.label: needs a judge with classes of ImageNet, found only 'embedded'; add one of kind torchvision"),
        ("keep: {label: family, family_height: 3}",
         "keep.label: needs a judge with classes of ImageNet, found only 'embedded'; add one of kind torchvision"),
        ("keep: {label: famly}", "keep.label: 'famly' is not a way to keep the label; did you mean 'family'?"),
        ("keep: {label: famly, family_height: 3}",
         "keep.label: 'famly' is not a way to keep the label; did you mean 'family'?"),
        ("keep: {family_height: 2}",
         "keep.family_height: is for 'label: family' only; add that, or remove this"),
        ("evaluator: imagenet, keep: {label: same, family_height: 2}",
         "keep.family_height: is for 'label: family' only; add that, or remove this"),
        ("evaluator: imagenet, keep: {imagenet: {family_height: 2}}",
         "keep.imagenet.family_height: is for 'label: family' only; add that, or remove this"),
        ("evaluator: imagenet, keep: {label: family, family_height: 0}",
         "keep.family_height: expected a whole number from 1 to 10, found 0"),
        ("evaluator: imagenet, keep: {label: family, family_height: 11}",
         "keep.family_height: expected a whole number from 1 to 10, found 11"),
        ("keep: {kl: 0.1}",
         "keep.kl: needs a judge with probabilities, found only 'embedded'; add one of kind torchvision"),
        ("evaluator: imagenet, keep: {cer: 0.1}",
         "keep.cer: needs a judge with a recogniser of text, found only 'imagenet'; add 'text' to evaluator"),
        ("evaluator: text, keep: {cosine: 0.1}",
         "keep.cosine: needs a judge with this figure, found only 'text'; add one of kind torchvision"),
        ("evaluator: [embedded, imagenet], keep: {embedded: {kept: 0.5}}",
         "keep.embedded.kept: needs a judge with probabilities, found only 'embedded'; add one of kind torchvision"),
        ("keep: {imagenet: {label: same}}",
         "keep.imagenet: is not a judge of this rule, which asks 'embedded'; add it to 'evaluator'"),
        ("keep: {embeded: {cosine: 0.9}}", "keep.embeded: is not an evaluator; did you mean 'embedded'?"),
    ],
)  # fmt: skip
def test_faults_of_a_rule(root: Path, keys: str, fault: str) -> None:
    text = f"version: 1\n{JUDGES}rules:\n- {{match: a, {keys}}}\n"
    assert faults(root, text) == [f"5: rules[0].{fault}"]


@pytest.mark.parametrize(
    ("glob", "fault"),
    [
        ('""', "expected a glob such as 'photos/**', found ''"),
        ("7", "expected a glob such as 'photos/**', found 7; put it in quotes if it is meant as text"),
        ("off", "expected a glob such as 'photos/**', found 'off'; put it in quotes if it is meant as text"),
        ("/a", "found '/a'; globs begin at the tree; remove the '/' in front"),
        ("a/../b", "found 'a/../b'; '..' leads out of the folder; remove it"),
        ("'a\\*'", r"found 'a\\*'; write '/' between folders, not a backslash"),
        ("./a", "found './a'; no file is named like that; remove './' and double '/'"),
        ("a//b", "found 'a//b'; no file is named like that; remove './' and double '/'"),
        ("a/", "found 'a/'; that is a folder; write '/**' at the end for all files below it"),
    ],
)
def test_faults_of_globs(root: Path, glob: str, fault: str) -> None:
    assert faults(root, f"version: 1\nexclude:\n- b\n- {glob}") == [f"4: exclude[1]: {fault}"]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("kind: torchvision", ["3: evaluators.x.model: is missing; write for instance model: resnet50"]),
        ("model: resnet50", ["3: evaluators.x.kind: is missing; write for instance kind: torchvision"]),
        ("kind: embeded, a: b",
         ["3: evaluators.x.kind: 'embeded' is not a kind of evaluator; did you mean 'embedded'?"]),
        ("kind: embedded, model: resnet50",
         ["3: evaluators.x.model: is not a key of an evaluator of kind embedded; choose from kind"]),
        ("kind: torchvision, model: resnet125",
         ["3: evaluators.x.model: 'resnet125' is not a network of torchvision; did you mean 'resnet152'?"]),
        ("kind: torchvision, model: resnet50, weights: default",
         [("3: evaluators.x.weights: expected DEFAULT, an entry such as IMAGENET1K_V1, or the path of a file, "
           "found 'default'")]),
        ("kind: torchvision, model: resnet50, weights: ../x.pt",
         ["3: evaluators.x.weights: found '../x.pt'; '..' leads out of the folder; remove it"]),
        ("kind: torchvision, model: resnet50, weights: x.pt, sha256: abc",
         ["3: evaluators.x.sha256: expected a SHA-256 of 64 hexadecimal digits, found 'abc'"]),
        (f"kind: torchvision, model: resnet50, sha256: {'1' * 64}",
         ["3: evaluators.x.sha256: is for a file only; write its path as 'weights', or remove this"]),
        ("kind: onnx", ["3: evaluators.x.path: is missing; write for instance path: models/ours.onnx"]),
        ("kind: onnx, path: ../x.onnx",
         ["3: evaluators.x.path: found '../x.onnx'; '..' leads out of the folder; remove it"]),
        ("kind: onnx, path: x.onnx, resize: stretch",
         ["3: evaluators.x.resize: 'stretch' is not a value of 'resize'; choose from crop, cover, squash"]),
        ("kind: onnx, path: x.onnx, mean: [0.5, 0.5]",
         ["3: evaluators.x.mean: expected a list of three numbers, for red, green and blue, found a list"]),
        ("kind: onnx, path: x.onnx, std: [0.5, 0.5, big]", ["3: evaluators.x.std[2]: expected a number, found 'big'"]),
        ("kind: python", ["3: evaluators.x.object: is missing; write for instance object: \"mypackage.judges:make\""]),
        ("kind: python, object: a.b",
         ["3: evaluators.x.object: expected an object such as 'mypackage.judges:make', found 'a.b'"]),
        ("kind: python, object: 'a:b', labels: sure",
         ["3: evaluators.x.labels: expected true or false, found 'sure'"]),
        ("kind: python, object: 'a:b', options: {depth: [1]}",
         ["3: evaluators.x.options.depth: expected text, a number, true or false, found a list"]),
    ],
)  # fmt: skip
def test_faults_of_evaluators(root: Path, keys: str, found: list[str]) -> None:
    assert faults(root, f"version: 1\nevaluators:\n  x: {{{keys}}}") == found


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("embedded", "embedded: is built in and need not be declared; remove it, or choose another name"),
        ("text", "text: is built in and need not be declared; remove it, or choose another name"),
        ("label", "label: has a meaning of its own under 'keep'; choose another name"),
        ("'*'", "'*': is not a name for an evaluator; use letters and digits, then also '-', '_' and '.'"),
    ],
)
def test_names_that_evaluators_cannot_have(root: Path, name: str, fault: str) -> None:
    assert faults(root, f"version: 1\nevaluators:\n  {name}: {{kind: embedded}}") == [f"3: evaluators.{fault}"]


def test_an_evaluator_that_is_no_mapping_shows_one(root: Path) -> None:
    expected = "expected an evaluator such as {kind: torchvision, model: resnet50}, found 'resnet50'"
    assert faults(root, "version: 1\nevaluators:\n  x: resnet50") == [f"3: evaluators.x: {expected}"]


@pytest.mark.parametrize("strategy", ["resize", "jpeg"])
def test_the_loops_of_the_post_need_a_judge_with_classes(root: Path, strategy: str) -> None:
    needs = f"rules[0].strategy: '{strategy}' needs a judge with classes, found only 'embedded'; add one of kind"
    assert faults(root, f"version: 1\nrules:\n- {{match: a, strategy: {strategy}}}") == [f"3: {needs} torchvision"]
    assert rule(root, f"strategy: {strategy}, evaluator: [embedded, imagenet], seed: 7") == Settings(
        strategy=strategy, evaluators=("embedded", "imagenet"), seed=7
    )


def test_limits_of_what_is_written(root: Path) -> None:
    assert config.default(root).limits == Limits(variant=None, folder=None, tree=None)
    limits = read(root, "version: 1\nlimits: {variant: 100kB, folder: 2MB, tree: 10MB}").limits
    assert (limits.variant, limits.folder, limits.tree) == (100_000, 2_000_000, 10_000_000)


@pytest.mark.parametrize(
    ("text", "spend"),
    [
        ("2MB", (("", 2_000_000),)),
        ("1500", (("", 1500),)),
        ("{photos: 500kB, heroes/: 1MB}", (("heroes", 1_000_000), ("photos", 500_000))),
        ("{.: 2MB, photos/best: 10kB}", (("", 2_000_000), ("photos/best", 10_000))),
        ('{"2024": 1MB, "a b": 7}', (("2024", 1_000_000), ("a b", 7))),
    ],
)
def test_bytes_that_are_shared(root: Path, text: str, spend: tuple[tuple[str, int], ...]) -> None:
    assert config.default(root).spend == ()
    assert read(root, f"version: 1\nspend: {text}").spend == spend


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("much", ["spend: expected a number of bytes such as 2MB, or one for each of some folders, such as"]),
        ("{}", ["spend: expected a number of bytes such as 2MB, or one for each of some folders, such as"]),
        ("[1MB]", ["spend: expected a number of bytes such as 2MB, or one for each of some folders, such as"]),
        ("{photos: much}", ["spend.photos: expected a number of bytes such as 100MB or 1500000, found 'much'"]),
        ('{"photos/**": 1MB}', ["spend.'photos/**': found 'photos/**'; that is a glob; name a folder"]),
        ("{/photos: 1MB}", ["spend.'/photos': found '/photos'; folders begin at the tree; remove the '/' in front"]),
        ("{../photos: 1MB}", ["spend.'../photos': found '../photos'; '..' leads out of the folder; remove it"]),
        ("{a//b: 1MB}", ["spend.'a//b': found 'a//b'; no folder is named like that; remove './' and double '/'"]),
        ("{photos: 1MB, photos/: 2MB}", ["spend.'photos/': names a folder that stands here already; keep one"]),
        ("{photos: 1MB, photos: 2MB}", ["spend.photos: stands here twice, first in line 2; keep one"]),
    ],
)
def test_faults_of_bytes_that_are_shared(root: Path, text: str, found: list[str]) -> None:
    said = faults(root, f"version: 1\nspend: {text}")
    assert len(said) == len(found)
    assert all(one.startswith(f"2: {start}") for one, start in zip(said, found, strict=True))


def test_a_release_that_brings_a_key_deletes_its_line(root: Path) -> None:
    text = (
        "version: 1\nrules:\n- {match: a, widths: [480], placeholder: true, keep: {cosine: 0.9}}\nlimits: {tree: 1GB}"
    )
    assert config.parse(text, root / "semopt.yaml", NAMES, later=()).rules[0].match == ("a",)


def test_a_placeholder_is_made_where_it_is_asked_for(root: Path) -> None:
    assert rule(root, "placeholder: false") == Settings()
    assert rule(root, "placeholder: true") == Settings(placeholder=True)


def test_a_wrong_judge_brings_no_second_fault(root: Path) -> None:
    text = "version: 1\nevaluator: nobody\nrules:\n- {match: a, agree: 2, keep: {label: same}}"
    assert faults(root, text) == [
        "2: evaluator: 'nobody' is not an evaluator; choose from embedded, text, resnet50, resnet152"
    ]


def test_all_faults_are_told_at_once_in_the_order_of_lines(root: Path) -> None:
    text = """\
version: 1
exclude: &here ["/a"]
rules:
- match: a
  strategy: semanitc
  evaluator: [embedded]
  keep:
    similarity: high
    label: same
- match: *here
- <<: {match: b}
  match: !glob b
limits: {seconds: 0}
"""
    assert [(fault.split(":")[0], fault.split(": ")[1]) for fault in faults(root, text)] == [
        ("2", "'&here' is a YAML anchor, which is not read; remove it"),
        ("2", "exclude[0]"),
        ("5", "rules[0].strategy"),
        ("8", "rules[0].keep.similarity"),
        ("9", "rules[0].keep.label"),
        ("10", "'*here' is a YAML alias, which is not read; put a glob in quotes, write others out"),
        ("11", "rules[2].'<<'"),
        ("12", "'!glob' is a YAML tag, which is not read; remove it or use quotes"),
        ("13", "limits.seconds"),
    ]


def test_a_link_that_leads_outside_is_refused(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (root / "link").symlink_to(tmp_path_factory.mktemp("other"))
    end = "leads out of the config's folder; write an absolute path if that is meant"
    assert faults(root, "version: 1\nassets: link\ncache: link/cache") == [
        f"2: assets: 'link' {end}",
        f"3: cache: 'link/cache' {end}",
    ]


def test_a_folder_whose_name_only_begins_alike_is_outside(root: Path) -> None:
    other = root.with_name(f"{root.name}-old")
    other.mkdir()
    (root / "link").symlink_to(other)
    assert len(faults(root, "version: 1\nassets: link")) == 1


# --- files ----------------------------------------------------------------------------------------------------------


def test_find_goes_upward_to_the_nearest(root: Path) -> None:
    deep = root / "photos" / "cats"
    deep.mkdir()
    (deep / "cat.jpg").touch()
    assert config.find(deep) is None
    (root / "semopt.yaml").touch()
    assert config.find(deep / "cat.jpg") == config.find(deep) == config.find(root) == root / "semopt.yaml"
    (deep / "semopt.yaml").touch()
    assert config.find(deep / "cat.jpg") == deep / "semopt.yaml"


def test_find_reports_a_broken_link_and_passes_by_a_folder(root: Path) -> None:
    (root / "photos" / "semopt.yaml").mkdir()
    (root / "semopt.yaml").symlink_to("nowhere")
    assert config.find(root / "photos") == root / "semopt.yaml"


def test_load(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "semopt.yaml").write_text("version: 1\nassets: photos\n")
    monkeypatch.chdir(root)
    found = config.load(Path("semopt.yaml"))
    assert (found.root, found.assets, found.file) == (root, root / "photos", root / "semopt.yaml")


def test_load_what_cannot_be_read(root: Path) -> None:
    for name, reason in (("absent.yaml", "No such file or directory"), ("photos", "")):
        with pytest.raises(ConfigError, match=f"^{name}: cannot be read: {reason}"):
            config.load(root / name)


@pytest.mark.parametrize("call", ["", "load(Path('semopt.yaml'))"])
def test_reading_a_config_imports_no_network_and_no_pixels(root: Path, call: str) -> None:
    (root / "semopt.yaml").write_text(f"version: 1\n{JUDGES}rules: [{{match: a, evaluator: imagenet}}]")
    code = f"""
import sys
from pathlib import Path
from semopt.config import load
{call}
print(sorted({{"torch", "torchvision", "numpy", "PIL"}} & set(sys.modules)))
"""
    home = Path(config.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(home)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("strategy", "formats", "message"),
    [
        ("lossless", "[webp, jpeg]", "'lossless' has no use for 'jpeg'; choose from 'webp', 'png'"),
        ("semantic", "[png]", "'semantic' has no use for 'png'; choose from 'webp', 'avif', 'jpeg'"),
    ],
)
def test_a_format_that_the_strategy_cannot_use_is_named(
    tmp_path: Path, strategy: str, formats: str, message: str
) -> None:
    text = f"version: 1\nrules:\n  - match: '**'\n    strategy: {strategy}\n    formats: {formats}\n"
    with pytest.raises(ConfigError, match=re.escape(f"semopt.yaml:5: rules[0].formats: {message}")):
        config.parse(text, tmp_path / "semopt.yaml")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{dir}/{stem}.{ext}", "has only the fields {dir}, {name}, {ext}, {format}, {width}"),
        ("{name}.{ext}", "must contain {dir}, or variants would collide"),
        ("{dir}/x.{ext}", "must contain {name}, or variants would collide"),
        ("{dir}/{name}", "must contain {ext}, or variants would collide"),
        ("../{dir}/{name}.{ext}", "must stay in the config's folder; use '/' and no '..'"),
        ("/tmp/{dir}/{name}.{ext}", "must stay in the config's folder; use '/' and no '..'"),
        ("{dir}/{name}{ext}", "must end in something like {name}.{ext}, so that no variant is named like an original"),
        ("{name}/{dir}/x.{ext}", "must have {dir} as folders of its own, and {name} in the file's name"),
    ],
)
def test_a_template_that_could_harm(root: Path, template: str, message: str) -> None:
    assert faults(root, f"version: 1\noutput: '{template}'\n") == [f"2: output: '{template}' {message}"]


def test_what_is_served_is_what_the_rule_makes(root: Path) -> None:
    text = "version: 1\nrules:\n- {match: a, strategy: %s, serve: semantic}\n"
    assert config.parse(text % "semantic", root / "semopt.yaml").rules[0].settings.serve == "semantic"
    (fault,) = faults(root, text % "both")
    assert fault.startswith("3: rules[0].serve: is for 'strategy: semantic' only, found 'both'; add that, or")


def test_widths_that_contradict(root: Path) -> None:
    rule = "version: 1\nrules:\n- {match: a, "
    assert faults(root, rule + "strategy: semantic, widths: [480]}") == [
        "3: rules[0].widths: 'semantic' chooses its own size; use 'max_width' instead"
    ]
    assert faults(root, rule + "min_width: 480, max_width: 320}") == [
        "3: rules[0].min_width: is above 'max_width' (320)"
    ]
