"""What there is to learn from, kept in a folder: canvases, what the classical shares say of them, and the lessons.

A table is two files: the canvases, which training reads piecemeal (200 kB each), and the figures, written last, so that
a table is whole or not there. A folder may be used again after a stop, with more photographs, and by other settings.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch

from semopt.atomic import digest
from semopt.evaluators.drift import Student, shares, squashed
from tests.bench.train.pictures import ENCODERS, LEAST_SIDE, Order, shown
from tests.bench.train.teachers import Lesson, Teacher, load, taught

ALGORITHM = 1
"""Raise it when the same order would give another table."""

BLIND = Student(
    (np.zeros((1, 3, 1, 1), np.float32),), (np.zeros(1, np.float32),), (64,), (np.zeros(1),), np.zeros(6),
    np.zeros(1, np.float32), (np.zeros((1, 2)), np.zeros(1), np.zeros((1, 1)), np.zeros(1)), 1.0, 0.0,
)  # fmt: skip
"""Sees nothing but slopes, light and colour: those shares come from the package's own code, in training as in use."""


@dataclass(frozen=True)
class Table:
    """One original and its versions. file: of the canvases. shares: (versions, 6) float32."""

    file: Path
    lesson: Lesson
    shares: np.ndarray

    @property
    def canvases(self) -> np.ndarray:
        """(1 + versions, SIDE, SIDE, 3) uint8, the original first; read where they are indexed.

        Opened anew each time: an open one holds a file handle, of which a process has 1,024 here and there.
        """
        return np.load(self.file, mmap_mode="r")


def made(order: Order, teachers: Sequence[Teacher], store: Path) -> Path:
    """The place of an order's table, which is made if it is not there. Raises ImageError and OSError."""
    place = store / f"{_key(order, teachers)}.npy"
    if place.with_suffix(".npz").exists():
        return place
    original, *versions = shown(order)
    lesson = taught(teachers, original, versions)
    canvases = [squashed(image) for image in (original, *versions)]
    before, *after = [BLIND.look(canvas) for canvas in canvases]
    store.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as stream:
        np.save(stream, np.stack([np.asarray(canvas) for canvas in canvases]))
    part = place.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as stream:
        np.savez(stream, shares=np.float32([shares(before, one) for one in after]), **asdict(lesson))
    part.rename(place.with_suffix(".npz"))
    return place


def read(place: Path) -> Table:
    """A table that was made."""
    with np.load(place.with_suffix(".npz"), allow_pickle=False) as kept:
        return Table(place, Lesson(*(kept[field.name] for field in fields(Lesson))), kept["shares"])


def all_made(orders: Sequence[Order], specs: Sequence[str], store: Path, jobs: int) -> Iterator[Path]:
    """The places of all tables, in order, made by so many processes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (specs, store)) as pool:
        yield from pool.map(_made, orders, chunksize=4)


_own: tuple[list[Teacher], Path]


def _start(specs: Sequence[str], store: Path) -> None:
    global _own
    torch.set_num_threads(1)  # once: to and fro at every look costs MobileNetV2 38 ms beside the 14 that it needs
    _own = [load(spec) for spec in specs], store


def _made(order: Order) -> Path:
    return made(order, *_own)


def _key(order: Order, teachers: Sequence[Teacher]) -> str:
    """By all that a table depends on."""
    encoders = [ENCODERS[name].fingerprint() for name in LEAST_SIDE]
    photo = digest(order.photo.read_bytes())
    settings = [ALGORITHM, photo, order.photo.name, order.part, order.count, order.seed, encoders]
    return digest(repr([*settings, [teacher.key for teacher in teachers]]).encode())[:32]
