"""Which worker gets which image, without a cluster; and how the files of judges travel."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from semopt.atomic import stat_of
from semopt.cluster import Cluster, bundles, dispatch
from semopt.cluster.dispatch import Answer, Dispatch, Hand, Lost
from semopt.cluster.messages import Fault, Greeting, Notice, Terms
from semopt.engine import LEFT
from semopt.orders import Found, Order
from semopt.types import Asset, ClusterError, Config, ConfigError, EvaluatorError, EvaluatorSpec, Rule, Settings, Task

PARTS = ({"algorithm": 1, "encoders": ["webp-1", "avif-1"]},)


class Fake:
    """Workers that do as the test says, at once. does: what a worker answers to an order."""

    def __init__(self, does: Callable[[Order], Answer], cores: int = 2, parts: object = PARTS) -> None:
        self.does, self.size, self.parts = does, cores, parts
        self.told: list[tuple[Hand, Answer]] = []
        self.hired: list[Hand] = []
        self.held = 0

    def cores(self) -> int:
        return self.size

    def hire(self) -> Hand:
        self.hired.append(Hand())
        self.told.append((self.hired[-1], Greeting("node", self.parts)))  # type: ignore[arg-type]
        return self.hired[-1]

    def give(self, hand: Hand, order: Order, content: bytes, seconds: float) -> None:
        self.held = max(self.held, sum(len(one.orders) for one in self.hired))
        self.told.append((hand, self.does(order)))

    def answers(self, seconds: float) -> list[tuple[Hand, Answer]]:
        return [self.told.pop(0)] if self.told else []

    def dismiss(self, hand: Hand) -> None:
        self.told = [one for one in self.told if one[0] is not hand]


def orders(folder: Path, count: int) -> tuple[Order, ...]:
    file = folder / "image"
    file.write_bytes(b"image")
    asset = Asset("image", file, stat_of(file.stat()))
    return tuple(Order(number, Task(asset, Rule("rule", ("**",), Settings())), "") for number in range(count))


def run(fleet: Fake, folder: Path, count: int = 50, **terms: object) -> list[Found | Notice]:
    wanted = replace(Terms(Config(folder, folder), orders(folder, count), None, None), **terms)  # type: ignore[arg-type]
    return list(Dispatch(fleet, wanted, PARTS).founds())


def fine(order: Order) -> Found:
    return Found(order, "ok")


def test_every_image_is_answered_once_and_few_are_on_their_way(tmp_path: Path) -> None:
    fleet = Fake(fine, cores=3)
    found = run(fleet, tmp_path)
    assert sorted(one.order.number for one in found if isinstance(one, Found)) == list(range(50))
    assert len(fleet.hired) == 3
    assert fleet.held <= 2 * 3


def test_no_more_workers_than_images_or_than_were_asked_for(tmp_path: Path) -> None:
    for fleet, count, terms in ((Fake(fine, 9), 4, {}), (Fake(fine, 9), 50, {"workers": 4})):
        run(fleet, tmp_path, count, **terms)
        assert len(fleet.hired) == 4


@pytest.mark.parametrize("loss", [lambda order: Lost("gone"), lambda order: Found(order, "died", "the worker died")])
def test_an_image_that_workers_die_of_is_tried_three_times_and_others_lose_nothing(
    tmp_path: Path, loss: Callable[[Order], Answer]
) -> None:
    tries: Counter[int] = Counter()

    def does(order: Order) -> Answer:
        tries[order.number] += 1
        return loss(order) if order.number == 7 else fine(order)

    found = [one for one in run(Fake(does), tmp_path) if isinstance(one, Found)]
    assert sorted(one.order.number for one in found) == list(range(50))
    assert [one.order.number for one in found if one.kind == "died"] == [7]
    assert tries[7] == dispatch.DEATHS


def test_a_worker_that_dies_of_something_else_costs_no_image(tmp_path: Path) -> None:
    deaths = iter([0, 0, 1, 0, 1])
    found = run(Fake(lambda order: Lost("gone") if next(deaths, 0) else fine(order)), tmp_path)
    assert [one.kind for one in found if isinstance(one, Found)] == ["ok"] * 50


def test_a_node_with_other_versions_is_named_once_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="its encoders are 'avif-2', and here 'avif-1'"):
        run(Fake(fine, parts=({**PARTS[0], "encoders": ["webp-1", "avif-2"]},)), tmp_path)


def test_without_any_node_the_build_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "PATIENCE_S", 0.0)
    fleet = Fake(fine, cores=0)
    fleet.hire = Hand  # type: ignore[method-assign]
    with pytest.raises(ClusterError, match="no node of the Ray cluster is left; what was finished is kept"):
        run(fleet, tmp_path)


def test_workers_that_cannot_even_start_end_the_build(tmp_path: Path) -> None:
    fleet = Fake(fine)

    def hire() -> Hand:
        hand = Hand()
        fleet.told.append((hand, Lost("no memory")))
        return hand

    fleet.hire = hire  # type: ignore[method-assign]
    with pytest.raises(ClusterError, match="die before they can work: no memory"):
        run(fleet, tmp_path)


def test_a_judge_that_fails_ends_the_build_as_it_does_here(tmp_path: Path) -> None:
    with pytest.raises(EvaluatorError, match="the judge is broken"):
        run(Fake(lambda order: Fault(EvaluatorError, "the judge is broken")), tmp_path)


def test_when_the_time_is_up_all_that_waits_is_left(tmp_path: Path) -> None:
    found = run(Fake(fine), tmp_path, seconds=0.0)
    assert {(one.kind, one.reason) for one in found if isinstance(one, Found)} == {("left", LEFT)}


def test_a_source_that_is_gone_costs_its_own_image(tmp_path: Path) -> None:
    wanted = Terms(Config(tmp_path, tmp_path), orders(tmp_path, 2), None, None)
    (tmp_path / "image").unlink()
    found = list(Dispatch(Fake(fine), wanted, PARTS).founds())
    assert {one.reason for one in found if isinstance(one, Found)} == {"cannot be read: No such file or directory"}


def test_files_of_judges_travel_to_whoever_has_them_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, node = tmp_path / "models", tmp_path / "node"
    home.mkdir()
    node.mkdir()
    (home / "ours.onnx").write_bytes(b"network \x0a\x08location\x12\x08ours.bin")
    (home / "ours.bin").write_bytes(b"weights")
    (home / "labels.txt").write_text("cat\ndog\n")
    monkeypatch.setattr(bundles.tempfile, "gettempdir", lambda: str(node))
    options = (("path", str(home / "ours.onnx")), ("labels", str(home / "labels.txt")))
    spec = EvaluatorSpec("ours", "onnx", options)
    bundle = bundles.packed(spec, lambda content: content)
    assert bundles.unpacked(bundle, lambda content: content) == spec
    assert not list(node.iterdir())
    home.rename(tmp_path / "elsewhere")
    there = bundles.unpacked(bundle, lambda content: content)
    assert Path(there.option("path") or "").read_bytes().startswith(b"network")
    assert Path(there.option("path") or "").with_name("ours.bin").read_bytes() == b"weights"
    assert Path(there.option("labels") or "").read_text() == "cat\ndog\n"
    assert bundles.unpacked(bundle, lambda content: pytest.fail("it was fetched twice")) == there


def test_without_ray_one_sentence_says_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'semopt\[ray\]'"):
        Cluster(Config(tmp_path, tmp_path), None)
