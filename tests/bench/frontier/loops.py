"""The blog post's two loops, as semopt's public classes, with one network."""

from __future__ import annotations

import time
from pathlib import Path

import PIL

from semopt import Evaluator
from semopt.atomic import digest
from tests.bench.frontier.evaluate import Choice, Choose
from tests.bench.frontier.photos import Photo
from tests.bench.frontier.store import Store
from tests.bench.post import LOOPS, loop

NAMES = dict(zip(("the post's resize loop", "the post's jpeg loop"), LOOPS, strict=True))


def chooser(name: str, weights: Path, store: Store, seed: int) -> Choose:
    """What this loop gives with torchvision's mobilenet_v2, by the store where it is there. Slow elsewhere."""
    way = f"{name}, seed {seed}, mobilenet_v2 {digest(weights.read_bytes())}, Pillow {PIL.__version__}"
    evaluator: list[Evaluator] = []

    def choose(photo: Photo) -> Choice:
        known = store.files(photo.sha, [way])
        if way not in known:
            evaluator[:] = evaluator or [Evaluator("mobilenet_v2", weights=weights)]
            made = _looped(NAMES[name], evaluator[0], photo, seed)
            store.keep(photo.sha, way, made.content, made.notes)
            return made
        return Choice(*known[way])

    return choose


def _looped(name: str, evaluator: Evaluator, photo: Photo, seed: int) -> Choice:
    """One loop over one photograph, with random numbers of its own."""
    begun = time.monotonic()
    (row,) = loop(name, LOOPS[name], evaluator, [photo.path], seed + int(photo.sha[:8], 16))
    encodes = row.passes - 1 if "jpeg" in name else 1
    notes = {"passes": row.passes, "slow": row.passes, "encodes": encodes, "seconds": time.monotonic() - begun}
    return Choice(row.file if row.bytes < photo.bytes else None, notes)
