"""How near the written file comes to its teachers, on photographs that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from semopt.evaluators.drift import Student
from tests.bench.train.fit import NONE, target
from tests.bench.train.tables import Table
from tests.bench.train.teachers import Lesson


def report(student: Student, tables: Sequence[Table]) -> Iterator[str]:
    """A line for all teachers together, one for each, and one for how the teachers agree among themselves."""
    said = np.log(np.concatenate([drifts(student, table) for table in tables]) + 1e-9)
    asked = np.concatenate([target(table.lesson) for table in tables])
    yield f"{len(tables)} photographs, {len(asked)} versions: {_line(said, asked)}"
    each = [
        np.concatenate([target(_alone(table.lesson, at)) for table in tables])
        for at in range(len(tables[0].lesson.sure))
    ]
    for at, one in enumerate(each):
        yield f"  teacher {at + 1} alone: {_line(said, one)}"
        for other in range(at):
            yield f"  teacher {at + 1} against teacher {other + 1}: {_line(one, each[other])}"


def drifts(student: Student, table: Table) -> np.ndarray:
    """What the network says of each version, (versions,)."""
    before, *after = [student.look(Image.fromarray(canvas)) for canvas in table.canvases]
    return np.array([student.distance(before, one) for one in after])


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's, without a care for ties."""
    return float(np.corrcoef(one.argsort().argsort(), other.argsort().argsort())[0, 1])


def _line(said: np.ndarray, asked: np.ndarray) -> str:
    off = np.maximum(said, np.log(NONE)) - asked
    return f"rank correlation {rank_correlation(said, asked):.4f}, RMSE of the log drift {np.sqrt(np.mean(off**2)):.3f}"


def _alone(lesson: Lesson, at: int) -> Lesson:
    only = slice(at, at + 1)
    return replace(
        lesson, kl=lesson.kl[:, only], angle=lesson.angle[:, only], held=lesson.held[:, only], sure=lesson.sure[only]
    )
