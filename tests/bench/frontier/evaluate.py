"""Any way to choose a file, as sizes and as what the judges still see."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import ImageOps

from semopt.atomic import digest
from tests.bench.frontier.grid import saved
from tests.bench.frontier.judges import BATCH, Judge
from tests.bench.frontier.photos import Photo, opened
from tests.bench.frontier.store import Answer, Store

CONFIDENT = 0.5


@dataclass(frozen=True)
class Choice:
    """What a way made of a photograph. content: None where the original was kept. notes: passes, encodes, seconds."""

    content: bytes | None
    notes: Mapping[str, float] = field(default_factory=dict)


Choose = Callable[[Photo], Choice]


@dataclass(frozen=True)
class Row:
    """One way on some photographs. sizes: bytes (photos,). held: whether each judge still agrees, (photos, judges).

    kept: whether the original was kept, (photos,); it counts with all its bytes, and agrees. took_part: the judges,
    by name, that had a part in the choice. notes: means of what the choices noted.
    """

    name: str
    sizes: Any
    held: Any
    kept: Any
    took_part: frozenset[str] = frozenset()
    notes: Mapping[str, float] = field(default_factory=dict)


class Panel:
    """Judges that are asked about each thing once."""

    def __init__(self, judges: Sequence[Judge], store: Store) -> None:
        self.judges, self.store = tuple(judges), store

    @property
    def names(self) -> tuple[str, ...]:
        """Of the judges, in the order of every column."""
        return tuple(judge.name for judge in self.judges)

    def classes(self, contents: Sequence[bytes]) -> Any:
        """The class that each judge sees in each file, (files, judges)."""
        shown = {digest(content): content for content in contents}
        seen = [self._answers(judge, shown) for judge in self.judges]
        return np.array([[answers[digest(content)][0] for answers in seen] for content in contents]).reshape(
            -1, len(seen)
        )

    def stable(self, photos: Iterable[Photo]) -> Iterator[Photo]:
        """Those that every judge sees stably, with what it sees in them."""
        for photo in photos:
            answers = [self._looks(judge, photo) for judge in self.judges]
            if all(stable(looks) for looks in answers):
                yield replace(photo, before=tuple(looks[0][0] for looks in answers))

    def _answers(self, judge: Judge, shown: Mapping[str, bytes]) -> dict[str, Answer]:
        known = self.store.answers(judge.key, list(shown))
        missing = [name for name in shown if name not in known]
        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            answers = dict(zip(part, judge.ask([opened(shown[name]) for name in part]), strict=True))
            self.store.answered(judge.key, answers.items())
            known |= answers
        return known

    def _looks(self, judge: Judge, photo: Photo) -> list[Answer]:
        """Of the original, its mirror image, and a WebP of quality 80 of its size."""
        names = [f"{photo.sha}{look}" for look in ("", ":mirror", ":webp80")]
        known = self.store.answers(judge.key, names)
        if len(known) < len(names):
            image = photo.image
            looks = [image, ImageOps.mirror(image), opened(saved(image, "WEBP", quality=80))]
            known = dict(zip(names, judge.ask(looks), strict=True))
            self.store.answered(judge.key, known.items())
        return [known[name] for name in names]


def stable(looks: Sequence[Answer]) -> bool:
    """Whether one judge gave one and the same confident answer every time."""
    return len({top for top, _ in looks}) == 1 and min(share for _, share in looks) >= CONFIDENT


def evaluate(
    photos: Sequence[Photo], panel: Panel, choose: Choose, name: str = "", took_part: Collection[str] = ()
) -> Row:
    """One way's row. photos: as `Panel.stable` gives them."""
    choices = [choose(photo) for photo in photos]
    kept = np.array([choice.content is None for choice in choices])
    sizes = [photo.bytes if c.content is None else len(c.content) for photo, c in zip(photos, choices, strict=True)]
    held = np.ones((len(photos), len(panel.judges)), bool)
    before = np.array([photo.before for photo in photos])
    held[~kept] = panel.classes([c.content for c in choices if c.content is not None]) == before[~kept]
    keys = sorted({key for choice in choices for key in choice.notes})
    notes = {key: float(np.mean([choice.notes.get(key, 0) for choice in choices])) for key in keys}
    return Row(name, np.array(sizes, float), held, kept, frozenset(took_part), notes)
