"""`make train`: the weights of the embedded network, from photographs and one or more larger networks.

    python -m tests.bench.train --photos DIR --teacher mobilenet_v2.pth [--teacher-onnx FILE ...] --out FILE.npz

A teacher is what `tests.bench.train.teachers` says. Photographs held back are a share by the hash of their names, or
those that --hold-back names, one a line; the figures at the end are those of the file, on them. With --store the tables
(200 kB for each picture shown: 8 GB for 1,000 photographs and 5,000 parts) outlive the run and a stop. The same
photographs, teachers, seed, versions of the libraries and --jobs give the same weights on the same kind of CPU.
`--passes 0` trains nothing and gives the figures of the file that is there.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch

from semopt.evaluators.drift import Student
from tests.bench.lattices import photographs
from tests.bench.train import tables
from tests.bench.train.export import export
from tests.bench.train.figures import report
from tests.bench.train.fit import fit
from tests.bench.train.pictures import Order, orders
from tests.bench.train.split import parted, without

EACH = 26, 3
"""Versions of a photograph, and of a part of one."""


def main() -> None:
    """Make tables, train, write, report."""
    wanted = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else the processes that make tables would outlive it
    begun = time.monotonic()
    trained, held = _sides(wanted)
    print(f"{len(trained)} photographs to train on, {len(held)} held back", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        store, specs = wanted.store or Path(folder), [*wanted.teacher, *wanted.teacher_onnx]
        mine = _kept(orders(trained, wanted.crops, EACH, wanted.seed), specs, store, wanted.jobs)
        theirs = _kept(orders(held, 0, EACH, wanted.seed), specs, store, wanted.jobs)
        print(f"tables: {time.monotonic() - begun:.0f} s", flush=True)
        torch.set_num_threads(wanted.jobs)
        for number, (net, loss) in enumerate(fit(mine, wanted.passes, wanted.seed), 1):
            print(f"pass {number}: loss {loss:.4f}, {time.monotonic() - begun:.0f} s", flush=True)
            if number == wanted.passes:
                export(net, wanted.out)
        for line in report(Student.read(wanted.out), theirs) if theirs else ():
            print(line)
    print(f"{wanted.out}: {wanted.out.stat().st_size:,} bytes, {time.monotonic() - begun:.0f} s in all")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of some hundred photographs or more")
    parser.add_argument("--teacher", nargs="*", default=[], help="state dicts for torchvision's mobilenet_v2")
    parser.add_argument("--teacher-onnx", nargs="*", default=[], help="networks with outputs logits and features")
    parser.add_argument("--out", type=Path, required=True, help="the file of weights")
    parser.add_argument("--store", type=Path, help="a folder for the tables, to be used again")
    parser.add_argument("--crops", type=int, default=5000, help="random parts of photographs")
    parser.add_argument("--passes", type=int, default=15, help="over all tables; 0: only the figures of the file")
    parser.add_argument("--hold-back", type=Path, help="a file with names of photographs, one a line")
    parser.add_argument("--share", type=float, default=0.15, help="held back where none are named")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    if not wanted.teacher and not wanted.teacher_onnx:
        parser.error("without --teacher or --teacher-onnx there is nothing to learn from")
    return wanted


def _sides(wanted: argparse.Namespace) -> tuple[list[Path], list[Path]]:
    photos = photographs(wanted.photos)
    if wanted.hold_back is None:
        return parted(photos, wanted.share)
    return without(photos, set(wanted.hold_back.read_text("utf-8").splitlines()))


def _kept(wanted: Sequence[Order], specs: Sequence[str], store: Path, jobs: int) -> list[tables.Table]:
    places = _counted(tables.all_made(wanted, specs, store, jobs), len(wanted))
    return [tables.read(place) for place in places]


def _counted(places: Iterable[Path], count: int) -> Iterator[Path]:
    begun = time.monotonic()
    for number, place in enumerate(places, 1):
        if number % 100 == 0:
            print(f"tables: {number} of {count}, {time.monotonic() - begun:.0f} s", flush=True)
        yield place


if __name__ == "__main__":
    main()
