"""A cache behind a URL: machines take over each other's work, and what goes wrong there costs time alone."""

from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Tree, drawing, encoded, photo
from semopt import config as configs
from semopt import pipeline
from semopt.atomic import digest
from semopt.crew import Crew
from semopt.remote import server, shared
from semopt.types import Outcome

pytest.importorskip("fsspec", reason="pip install 'semopt[remote]'")
pytest.importorskip("s3fs", reason="pip install 'semopt[remote]'")
pytest.importorskip("moto", reason="pip install 'semopt[test]'")

from buckets import SECRET, Bucket, Faulty
from buckets import bucket as bucket
from buckets import faulty as faulty
from buckets import s3_server as s3_server

Caplog = pytest.LogCaptureFixture
LOSSLESS = "rules: [{match: '**', strategy: lossless}]\n"


def machine(root: Path, url: str, rules: str = LOSSLESS, images: int = 3) -> Tree:
    """A checkout of one site on a machine of its own."""
    root.mkdir(parents=True, exist_ok=True)
    tree = Tree(root)
    tree.put("semopt.yaml", f"version: 1\ncache: {url}\n{rules}")
    for number in range(images):
        tree.put(f"img/{number}.png", encoded(drawing(90 + number, 70), "PNG", compress_level=1))
    return tree


@pytest.fixture(scope="module", autouse=True)
def crew() -> Iterator[None]:
    """Workers for all builds of this process: starting them takes most of the time of a small build."""
    global CREW
    CREW = Crew(1)
    yield
    CREW.close()


CREW: Crew | None = None


def built(tree: Tree) -> list[Outcome]:
    """A build in this process."""
    return list(pipeline.run(configs.load(tree.root / "semopt.yaml"), pipeline.Scope(1), CREW))


def manifest_of(tree: Tree) -> bytes:
    return (tree.root / "semopt-manifest.json").read_bytes()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Callable[..., Tree]]:
    """Makes machines one after the other."""
    numbers = itertools.count()
    return lambda url, **given: machine(tmp_path / f"machine{next(numbers)}" / "site", url, **given)  # type: ignore[return-value]


# --- two machines -----------------------------------------------------------------------------------------------


def test_a_second_machine_searches_nothing(machines: Callable[..., Tree], bucket: Bucket) -> None:
    rules = "rules: [{match: '*.jpg', strategy: semantic}, {match: '**', strategy: lossless}]\n"
    one, two = (machines(f"{bucket.url}/cache", rules=rules, images=2) for _ in range(2))
    for tree in (one, two):
        tree.put("a.jpg", encoded(photo(200, 150)))
    first = one.build("--jobs", "1")
    assert any(outcome["work"]["encodes"] for outcome in first)
    puts = bucket.asked["PUT"]
    bucket.asked.clear()
    second = two.build("--jobs", "1")
    assert {outcome["status"] for outcome in second} == {"cached"}
    for outcome in second:
        assert not any(value for key, value in outcome["work"].items() if key != "judges"), outcome["work"]
    assert manifest_of(one) == manifest_of(two)
    assert one.files() == two.files()
    entries = one.manifest.values()
    variants = {variant["sha256"] for entry in entries for variant in entry["variants"]}
    assert puts == len(entries) + len(variants)
    assert dict(bucket.asked) == {"GET": len(entries) + len(variants)}


def test_a_build_with_nothing_to_do_asks_nobody(machines: Callable[..., Tree], bucket: Bucket) -> None:
    tree = machines(f"{bucket.url}/cache")
    tree.build("--jobs", "1")
    bucket.asked.clear()
    tree.put("fsspec.py", "raise SystemExit('imported')")
    ran = tree.semopt("build", PYTHONPATH=os.pathsep.join([str(tree.root), os.environ.get("PYTHONPATH", "")]))
    assert ran.returncode == 0, ran.stderr
    assert not bucket.asked


def test_what_would_be_done_is_asked_of_nobody(machines: Callable[..., Tree], bucket: Bucket) -> None:
    one, two = (machines(f"{bucket.url}/cache") for _ in range(2))
    one.build("--jobs", "1")
    bucket.asked.clear()
    before = sorted(two.root.rglob("*"))
    assert two.semopt("build", "--dry-run").returncode == 0
    assert not bucket.asked
    assert sorted(two.root.rglob("*")) == before


def test_check_and_explain_ask_for_the_answer_alone(machines: Callable[..., Tree], bucket: Bucket) -> None:
    tree = machines(f"{bucket.url}/cache", images=2)
    tree.build("--jobs", "1")
    shutil.rmtree(tree.root / ".semopt")
    bucket.asked.clear()
    assert tree.semopt("check").returncode == 0
    assert dict(bucket.asked) == {"GET": 2}
    assert not (tree.root / ".semopt").exists()
    ran = tree.semopt("explain", "img/0.png", "--json")
    assert dict(bucket.asked) == {"GET": 3}
    assert json.loads(ran.stdout)["cached"] is True
    assert not (tree.root / ".semopt").exists()


def test_the_secret_is_nowhere(machines: Callable[..., Tree], bucket: Bucket) -> None:
    tree = machines(f"{bucket.url}/cache", images=1)
    said = [tree.semopt("build", "-v"), tree.semopt("cache", "show"), tree.semopt("explain", "img/0.png")]
    tree.put("img/9.png", encoded(drawing(120, 80), "PNG", compress_level=1))
    said.append(tree.semopt("build", "-v", AWS_ENDPOINT_URL="http://127.0.0.1:9"))
    assert "the shared cache cannot be reached (" in said[-1].stderr
    for ran in said:
        assert SECRET not in ran.stdout + ran.stderr
    for file in tree.root.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
    assert all(SECRET.encode() not in content for content in bucket.objects().values())


def test_the_key_does_not_know_the_url(machines: Callable[..., Tree], tmp_path: Path) -> None:
    one = machines((tmp_path / "a").as_uri())
    two = machines((tmp_path / "b").as_uri())
    built(one)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert {outcome.status for outcome in built(two)} == {"cached"}
    assert manifest_of(one) == manifest_of(two)


def test_a_folder_by_url_holds_what_the_local_one_does(machines: Callable[..., Tree], tmp_path: Path) -> None:
    tree = machines((tmp_path / "there").as_uri())
    built(tree)
    local = tree.root / ".semopt" / "cache"
    found = [{file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
             for folder in (local, tmp_path / "there")]  # fmt: skip
    assert found[0] == found[1] != {}


# --- what goes wrong ---------------------------------------------------------------------------------------------


def test_whatever_call_fails_the_build_is_the_same(
    machines: Callable[..., Tree], faulty: type[Faulty], caplog: Caplog
) -> None:
    url = "faulty://cache"
    good = machines(url)
    built(good)
    calls, kept = faulty.calls, dict(faulty.store)
    assert calls == 3 + len(faulty.written)
    for start, once, number in itertools.product(({}, kept), (False, True), range(1, calls + 1)):
        faulty.store.clear()
        faulty.store.update(start)
        shared._standings.clear()
        faulty.reset(number, once)
        caplog.clear()
        tree = machines(url)
        outcomes = built(tree)
        assert {outcome.status for outcome in outcomes} <= {"optimized", "cached"}
        assert manifest_of(tree) == manifest_of(good)
        failed = faulty.calls >= number
        said = [record.message for record in caplog.records if record.name == "semopt"]
        wanted = "the shared cache cannot be reached (OSError); this build goes on without it"
        assert said == ([wanted] if failed else []), (once, number)
        faulty.reset()
        tree = machines(url)
        shared._standings.clear()
        built(tree)  # what a failed build left there is of use, or does no harm
        assert manifest_of(tree) == manifest_of(good)


def test_a_cache_that_may_only_be_read_is_read(
    machines: Callable[..., Tree],
    faulty: type[Faulty],
    caplog: Caplog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "faulty://cache"
    built(machines(url))

    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(SECRET)

    monkeypatch.setattr(faulty, "pipe_file", denied)
    two = machines(url, images=5)
    outcomes = built(two)
    assert [outcome.status for outcome in outcomes] == ["cached"] * 3 + ["optimized"] * 2
    assert caplog.messages == ["the shared cache cannot be written (access is denied); this build only reads it"]


def test_a_cache_that_may_not_be_read_is_named(
    machines: Callable[..., Tree], faulty: type[Faulty], caplog: Caplog
) -> None:
    faulty.reset(1, error=PermissionError(SECRET))
    assert {outcome.status for outcome in built(machines("faulty://cache"))} == {"optimized"}
    assert SECRET not in caplog.text
    assert len(caplog.messages) == 1


def test_a_slow_server_costs_one_wait(
    machines: Callable[..., Tree],
    faulty: type[Faulty],
    caplog: Caplog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    calls: list[str] = []

    def hangs(self: Any, path: str, *_: Any, **__: Any) -> bytes:
        calls.append(path)
        over.wait(30)
        raise OSError

    monkeypatch.setattr(faulty, "cat_file", hangs)
    monkeypatch.setattr(server, "LIMIT_S", 0.2)
    monkeypatch.setattr(shared, "server_at", lambda url: standing)
    standing = shared.Standing(server.Server("faulty://cache", 0.2))
    tree = machines("faulty://cache", images=30)
    assert {outcome.status for outcome in built(tree)} == {"optimized"}
    over.set()
    assert len(calls) <= shared.AT_ONCE
    assert caplog.messages == [
        "the shared cache cannot be reached (no answer within 0.2 s); this build goes on without it"
    ]
    caplog.clear()
    tree.put("img/new.png", encoded(drawing(60, 60), "PNG", compress_level=1))
    built(tree)  # of the same process, as under watch
    assert len(calls) <= shared.AT_ONCE
    assert len(caplog.messages) == 1


def lies(content: bytes) -> Iterator[bytes]:
    """What a server may say instead of an object."""
    yield from (b"", b"\n", b"{}", content[:-1], content + b"x", content[::-1], b"\xff" * 100, b"a" * 5_000_000)


def test_a_server_that_lies_costs_a_search(machines: Callable[..., Tree], faulty: type[Faulty], caplog: Caplog) -> None:
    good = machines("faulty://cache", images=1)
    built(good)
    true = {path: file.getvalue() for path, file in faulty.store.items()}
    files = Faulty()
    for path, content in true.items():
        for lie in lies(content):
            files.pipe_file(path, lie)
            tree = machines("faulty://cache", images=1)
            (outcome,) = built(tree)
            assert outcome.status == "optimized"
            assert manifest_of(tree) == manifest_of(good)
            assert files.cat_file(path) == content, "the next machine finds it whole"
    assert caplog.messages == []


def test_nothing_is_read_further_than_it_may_be(
    machines: Callable[..., Tree], faulty: type[Faulty], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = machines("faulty://cache", images=1)
    built(tree)
    asked: list[tuple[str, int]] = []
    read = Faulty.cat_file

    def noted(self: Any, path: str, start: Any = None, end: Any = None, **named: Any) -> Any:
        asked.append((path, end - start))
        return read(self, path, start, end, **named)

    monkeypatch.setattr(faulty, "cat_file", noted)
    original = (tree.root / "img/0.png").stat().st_size
    variants = {variant["sha256"]: variant["bytes"] for variant in tree.manifest["img/0.png"]["variants"]}
    built(machines("faulty://cache", images=1))
    for path, bytes in asked:
        sha256 = "".join(path.split("/")[-2:])
        assert bytes == (variants[sha256] + 1 if "/contents/" in path else shared.MOST_ANSWER + 1)
        assert "/answers/" in path or bytes <= original


def forged(key: str, found: Outcome, **changes: Any) -> bytes:
    """An answer sealed as semopt seals it."""
    from dataclasses import replace

    from semopt.cache import sealed

    return sealed(key, replace(found, **changes))


def test_a_sealed_lie_is_not_believed(machines: Callable[..., Tree], faulty: type[Faulty]) -> None:
    from dataclasses import replace

    from semopt.cache import unsealed

    good = machines("faulty://cache", images=1)
    built(good)
    files = Faulty()
    (path,) = [path for path in faulty.store if "/answers/" in path]
    key = "".join(path.removesuffix(".json").split("/")[-2:])
    content = files.cat_file(path)
    found = unsealed(key, content)
    assert found is not None
    page = b"<script>alert(1)</script>"
    files.pipe_file(f"/cache/contents/{digest(page)[:2]}/{digest(page)[2:]}", page)
    first = found.variants[0]
    huge = replace(first, bytes=10**12)
    strange = replace(first, sha256="../../../secrets")
    for lie in (
        forged(key, found, variants=(replace(first, sha256=digest(page), bytes=len(page)),)),
        forged(key, found, variants=(huge,), bytes=10**13),
        forged(key, found, variants=(strange,)),
        forged(key, found, variants=(first,) * 3),
        forged(key, found, status="failed", variants=()),
    )[:4]:
        files.pipe_file(path, lie)
        tree = machines("faulty://cache", images=1)
        assert [outcome.status for outcome in built(tree)] == ["optimized"]
        assert manifest_of(tree) == manifest_of(good)


def test_without_the_package_the_build_goes_on(machines: Callable[..., Tree], tmp_path: Path) -> None:
    tree = machines("s3://images/cache", images=1)
    tree.put("fsspec/__init__.py", "raise ImportError('no fsspec here')")
    ran = tree.semopt("build", PYTHONPATH=os.pathsep.join([str(tree.root), os.environ.get("PYTHONPATH", "")]))
    assert ran.returncode == 0, ran.stderr
    assert (
        "the shared cache cannot be reached (a package for it is not installed: pip install 'semopt[remote]'); "
        "this build goes on without it"
    ) in ran.stderr
    assert tree.manifest["img/0.png"]["status"] == "optimized"


@pytest.mark.parametrize("url", ["nonsense://x/y", "s3://no-such-bucket/x"])
def test_a_url_that_leads_nowhere(machines: Callable[..., Tree], bucket: Bucket, url: str) -> None:
    tree = machines(url, images=1)
    ran = tree.semopt("build")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("the shared cache cannot be reached (") == 1


def test_a_build_that_is_stopped_waits_for_no_upload(
    machines: Callable[..., Tree], faulty: type[Faulty], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Faulty.pipe_file

    def slow(self: Any, path: str, value: Any, **named: Any) -> Any:
        time.sleep(0.05)
        return write(self, path, value, **named)

    monkeypatch.setattr(faulty, "pipe_file", slow)
    tree = machines("faulty://cache", images=12)
    outcomes = pipeline.run(configs.load(tree.root / "semopt.yaml"), pipeline.Scope(1))
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    names = {"".join(path.split("/")[-2:]) for path in faulty.store if "/contents/" in path}
    from semopt.cache import unsealed

    for path, file in list(faulty.store.items()):
        if "/answers/" in path:
            answer = unsealed("".join(path.removesuffix(".json").split("/")[-2:]), file.getvalue())
            assert answer is not None
            assert {variant.sha256 for variant in answer.variants} <= names


def test_the_command_for_caches_leaves_the_url_alone(machines: Callable[..., Tree], bucket: Bucket) -> None:
    tree = machines(f"{bucket.url}/cache", images=1)
    tree.build("--jobs", "1")
    before = bucket.objects()
    bucket.asked.clear()
    assert "in front of s3://images/cache, which is not looked at" in tree.semopt("cache", "show").stdout
    assert json.loads(tree.semopt("cache", "show", "--json").stdout)["shared"] == "s3://images/cache"
    for action in ("prune", "clear"):
        ran = tree.semopt("cache", action)
        assert ran.returncode == 0
        assert "s3://images/cache is left as it is" in ran.stderr
    assert tree.semopt("clean").returncode == 0
    assert not bucket.asked
    assert bucket.objects() == before


def test_log_says_nothing_when_all_is_well(machines: Callable[..., Tree], faulty: type[Faulty], caplog: Caplog) -> None:
    caplog.set_level(logging.INFO, "semopt")
    built(machines("faulty://cache"))
    built(machines("faulty://cache"))
    assert caplog.messages == []
