"""The cache: what was put comes back; what was damaged is a miss."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from semopt.atomic import digest
from semopt.cache import Cache
from semopt.types import Candidate, Outcome, Score, Trial, Variant, Work

KEY = digest(b"key")
CONTENT = b"some bytes of a picture" * 40
SCORES = {"embedded": Score(0.93, cosine=0.9), "net": Score(0.95, 0.1, 0.9, 0.8, "cat", "cat", 0)}
VARIANT = Variant(
    "", "webp", "image/webp", 64, 48, 30, len(CONTENT), digest(CONTENT), "machines", tuple(SCORES.items())
)
ANSWER = Outcome(
    "", "optimized", "", None, "semantic", digest(b"source"), 5000, 640, 480, (VARIANT,), Work(1, 7, 2, 12, 0),
    (Trial(Candidate("webp", 64, 48, 30), len(CONTENT), SCORES, None, True), Trial(Candidate("avif", 64, 48, 25), 900),
     Trial(Candidate("jpeg", 64, 48, 25, (90, 0, 44)), 800)),
)  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    made = Cache(tmp_path / "cache")
    made.put(KEY, ANSWER, [CONTENT])
    return made


def test_what_was_put_comes_back(cache: Cache) -> None:
    assert cache.get(KEY) == ANSWER
    assert cache.content(digest(CONTENT)) == CONTENT


def test_what_was_not_put_is_a_miss(cache: Cache) -> None:
    assert cache.get(digest(b"other")) is None
    assert cache.content(digest(b"other")) is None


def test_an_entry_under_another_key_is_a_miss(cache: Cache) -> None:
    entry = next((cache.folder / "answers").rglob("*.json"))
    other = digest(b"other")
    target = cache.folder / "answers" / other[:2] / f"{other[2:]}.json"
    target.parent.mkdir(exist_ok=True)
    entry.rename(target)
    assert cache.get(other) is None


def test_any_damage_is_a_miss_and_never_a_lie(cache: Cache) -> None:
    draw = random.Random(0)
    files = [file for file in cache.folder.rglob("*") if file.is_file()]
    whole = {file: file.read_bytes() for file in files}
    for _ in range(300):
        file = draw.choice(files)
        damaged = bytearray(whole[file])
        if draw.random() < 0.5:
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        else:
            del damaged[draw.randrange(len(damaged)) :]
        file.write_bytes(damaged)
        assert cache.get(KEY) in (None, ANSWER)
        assert cache.content(digest(CONTENT)) in (None, CONTENT)
        file.write_bytes(whole[file])


def test_a_key_never_leads_out_of_the_folder(cache: Cache) -> None:
    assert cache.get("../../../etc/passwd") is None
    assert cache.content("../" * 30 + "etc/passwd") is None
