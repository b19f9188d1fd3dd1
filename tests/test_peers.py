"""The peers benchmark: its table, its figures, its page, with a peer of a few lines. Nothing is installed here."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import encoded, photo
from semopt import config
from tests.bench.frontier import photos
from tests.bench.frontier.evaluate import Row
from tests.bench.frontier.store import Store
from tests.bench.peers import install, noop, page, times
from tests.bench.peers.figures import Span, bytes_ratio, mean_difference, short, times_ratio
from tests.bench.peers.taken import Taken, measured, smallest, source, taken
from tests.bench.peers.tool import HERE, Spent, Tool, ToolError, made, prepared, run
from tests.bench.peers.tools import PEERS, ours

HALVES = """
import sys
from pathlib import Path
from PIL import Image
for file in Path(sys.argv[1]).iterdir():
    Image.open(file).save(Path(sys.argv[2]) / f"{file.stem}.webp", quality=int(sys.argv[3]))
"""


def peer(quality: int) -> Tool:
    """A peer that this test brings with it."""
    return Tool(
        f"quality {quality}",
        "fixed",
        lambda home, source, target, jobs: [sys.executable, "-c", HALVES, source, target, str(quality)],
        "a few lines",
    )


@pytest.fixture
def names(tmp_path: Path) -> dict[str, photos.Photo]:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(3):
        (folder / f"{seed}.JPG").write_bytes(encoded(photo(320, 240, seed), quality=95))
    return source(list(photos.distinct(photos.listed(folder, 7))), tmp_path / "source")


@pytest.mark.parametrize("tool", PEERS, ids=lambda tool: tool.name)
def test_a_peer_is_pinned_and_has_what_it_is_driven_by(tool: Tool, tmp_path: Path) -> None:
    assert tool.packages
    assert all(("==" if tool.installer == "pip" else "@") in package[1:] for package in tool.packages)
    assert all((HERE / driver).is_file() for driver in tool.drivers)
    (tmp_path / "source").mkdir()
    prepared(tool, tmp_path / "source", tmp_path / "target")
    words = [str(word) for word in tool.command(tmp_path / "home", tmp_path, tmp_path / "target", 1)]
    assert not any(word.startswith("npx") for word in words)
    assert "/" not in tool.folder


def test_no_two_peers_share_a_home() -> None:
    assert len({tool.folder for tool in PEERS}) == len({tool.name for tool in PEERS}) == len(PEERS)


def test_a_peer_that_cannot_be_installed_is_left_out_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(command: list[str], **options: object) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="warning: old\nERROR: No matching distribution\n")

    monkeypatch.setattr(subprocess, "run", fails)
    assert install.installed([PEERS[0]], tmp_path) == []
    said = capsys.readouterr().err
    assert said == "optimize-images: left out, it could not be installed: ERROR: No matching distribution\n"


def test_what_is_there_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / PEERS[1].folder
    place.mkdir()
    (place / "installed").touch()
    monkeypatch.setattr(subprocess, "run", None)
    assert install.installed([PEERS[1]], tmp_path) == [PEERS[1]]
    assert (place / "pixiq_folder.py").read_text("utf-8") == (HERE / "pixiq_folder.py").read_text("utf-8")


@pytest.mark.parametrize("floors", [None, {"0000.jpg": 71.5, "0001.jpg": 100.0}])
def test_semopts_rules_are_ones_that_it_takes(tmp_path: Path, floors: dict[str, float] | None) -> None:
    prepared(replace(ours.tool("both", "strategy: both", floors=floors), in_place=False), tmp_path, tmp_path / "target")
    found = config.load(tmp_path / "target" / "semopt.yaml")
    floored = [dict(rule.settings.floor) for rule in found.rules]
    assert floored == ([{"ssimulacra2": value} for value in floors.values()] if floors else [{}])


def test_what_a_tool_made_is_found_and_measured(names: dict[str, photos.Photo], tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite")
    good, bad = (taken(peer(quality), tmp_path, names, tmp_path / "source", store) for quality in (80, 5))
    assert (bad.sizes < good.sizes).all()
    assert (bad.scores < good.scores).all()
    again = measured(good.tool, list(names.values()), good.files, store)
    assert again.scores.tolist() == good.scores.tolist()
    store.close()


def test_semopt_is_run_as_a_person_runs_it(names: dict[str, photos.Photo], tmp_path: Path) -> None:
    tool = ours.tool("visual", "strategy: visual, formats: [webp, jpeg]")
    seconds = times.rounds([tool, peer(50)], tmp_path, tmp_path / "source", 1, 2)
    assert [len(values) for values in seconds.values()] == [2, 2]
    assert times.least_work(tool, tmp_path, tmp_path / "source") > 0
    files = made(tmp_path / "target")
    assert sorted(files) == ["0000", "0001", "0002"]
    assert files["0000"][0].suffix == ".webp"


def test_a_file_that_is_not_smaller_is_an_original_that_was_kept(
    names: dict[str, photos.Photo], tmp_path: Path
) -> None:
    (one, *rest) = names.values()
    (tmp_path / "larger.webp").write_bytes(bytes(one.bytes))
    assert smallest(one, [tmp_path / "larger.webp"]) is None
    assert smallest(one, []) is None
    made = measured(peer(1), [one, *rest], [None, *[encoded(photo(60, 40)) for _ in rest]], Store(tmp_path / "s"))
    assert (made.kept, made.sizes[0], made.scores[0]) == (1, one.bytes, 100)
    assert np.isnan(made.scores[1:]).all()


def test_a_tool_that_fails_says_so_in_its_own_words(tmp_path: Path) -> None:
    tool = Tool("it", "fixed", lambda *_: [sys.executable, "-c", "raise SystemExit('no such codec')"], "")
    with pytest.raises(ToolError, match="it: ended with 1: no such codec"):
        run(tool, tmp_path, tmp_path, tmp_path, None)


def test_ratios_are_of_sums_and_of_rounds() -> None:
    assert bytes_ratio([10, 30], [40, 40]).value == 0.5
    assert bytes_ratio([10, 10], [40, 40]) == Span(0.25, 0.25, 0.25)
    assert times_ratio([2, 3, 8], [1, 1, 2]) == Span(3, 2, 4)
    assert mean_difference([3, 5], [1, 3]) == Span(2, 2, 2)
    assert [short(value) for value in (12345.6, 99.94, 0.01234)] == ["12,346", "99.9", "0.0123"]


def test_the_page_has_a_line_for_each_tool() -> None:
    def took(name: str, sizes: list[float], scores: list[float]) -> Taken:
        return Taken(replace(peer(1), name=name), (b"x", b"y"), np.array(sizes), np.array(scores))

    one, other = took("ours", [10, 20], [80, 90]), took("theirs", [40, 20], [70, 70])
    smear = took("smear", [5, 5], [float("nan")] * 2)
    rows = [Row(each.tool.name, each.sizes, np.ones((2, 1), bool), None) for each in (one, smear)]
    lines = page.files([one, smear], rows, ["judge"], 100).splitlines()
    assert lines[2] == "| ours | 15 | 15 | 0.15 | 100% (34 to 100) | 85.0 | 0 |"
    assert "smaller than the original's size" in lines[3]
    assert "0.5 (0.25 to 1); SSIMULACRA2 +15.0" in page.against([one], [other])
    assert "SSIMULACRA2" not in page.against([smear], [other])
    assert "| ours | 0.5 (0.25 to 1) | 15 (10 to 20) | 0 |" in page.level([(one, other)])
    spent = {"a": [Spent(0.1, 0.2), Spent(0.2, 0.2)], "b": [Spent(1, 4), Spent(2, 8)]}
    seconds = page.times(spent, ["a"]).splitlines()
    assert seconds[2] == "| a | 150 (100 to 200) | 200 (200 to 200) |  |  |"
    assert seconds[3].endswith("| 0.1 (0.1 to 0.1) | 0.0375 (0.025 to 0.05) |")
    assert page.rebuilds(spent, "a").endswith("| 10 (10 to 10) | 30 (20 to 40) |")
    assert page.least({"a": 0.1}, spent).endswith("| a | 100 | 2 (2 to 2) |")
    assert "40 times (of means)" in page.loops([("2 of 12 megapixels", {"post": [30.0, 50.0]}, [1.0])])


def test_what_a_tool_leaves_running_is_counted(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    leave = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])"
    spent = run(Tool("it", "fixed", lambda *_: [sys.executable, "-c", leave], ""), tmp_path, tmp_path, tmp_path, 1)
    assert spent.processor > (0.3 if sys.platform == "linux" else 0)


def test_the_small_images_are_some_over_and_over(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(encoded(photo(320, 240)))
    noop.images([tmp_path / "one.jpg"], 40, tmp_path / "small", distinct=20)
    files = sorted((tmp_path / "small").rglob("*.jpg"))
    assert len(files) == 40
    assert len({file.read_bytes() for file in files}) == 20
    with Image.open(files[17]) as image:
        assert image.size == (97, 73)
