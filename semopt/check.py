"""Whether a built tree still holds, for CI: nothing missing, stale, edited, failed, unrecognised or over its limits.

Writes nothing at all. What a variant was made for is known from its key: in the index of the last build, else by an
answer of the cache that names the same bytes. Where the key is today's, nothing is decoded. Where it differs, or is
not known, as in a fresh checkout, original and variants are decoded and today's judges are asked.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from semopt import manifest, plan
from semopt.atomic import stat_of
from semopt.findings import Finding, over
from semopt.globs import matcher
from semopt.index import Index
from semopt.keys import Keys
from semopt.purses import Purses, named
from semopt.rejudge import Asked, Doubt, ask
from semopt.remote.shared import cache_of
from semopt.state import STATE
from semopt.strategies import went_elsewhere
from semopt.types import Config, Outcome, Skipped, Task, Variant


@dataclass(frozen=True, slots=True)
class Scope:
    """What a check looks at. jobs: worker processes. only: glob. again: ask the judges about every variant."""

    jobs: int = 1
    only: str | None = None
    again: bool = False
    progress: bool = False


def check(config: Config, scope: Scope) -> Iterator[Finding]:
    """Look at every image of the plan and every entry of the manifest, in the order of paths; limits come last.

    Raises OSError where the tree cannot be read, and EvaluatorError.
    """
    books = _Books(config, scope)
    found: dict[str, list[Finding]] = {}
    doubts: list[Doubt] = []
    for path, one in books.looked():
        if isinstance(one, Doubt):
            doubts.append(one)
        else:
            found.setdefault(path, []).extend(one)
    if doubts:
        for asked in ask(config, doubts, scope.jobs, scope.progress):
            found.setdefault(asked.doubt.task.asset.path, []).append(_judged(asked))
    for path in sorted(found):
        yield from found[path]
    yield from over(config.limits, books.standing)
    yield from books.shares()


def _judged(asked: Asked) -> Finding:
    """The finding for an image after the judges were asked."""
    path, since = asked.doubt.task.asset.path, "its rule, judges or a library changed since it was built"
    if asked.kind != "ok":
        return Finding(path, "failed", asked.reason)
    if asked.reason:
        return Finding(path, "unrecognised", asked.reason)
    return Finding(path, "stale", f"{since}; what stands still holds") if asked.doubt.changed else Finding(path, "ok")


@dataclass
class _Books:
    """What stands in the tree beside what the last build noted, read and never written."""

    config: Config
    scope: Scope
    standing: dict[str, int] = field(default_factory=dict)
    _bytes: dict[str, int] = field(default_factory=dict)  # of all variants of an image that stand

    def __post_init__(self) -> None:
        written = manifest.load(self.config.root)
        self._entries = manifest.read(written, self.config.root / manifest.NAME)
        self._index = Index.read(self.config.root / STATE / "index.json")
        self._index.stands_by(manifest.NAME, written)
        self._cache = cache_of(self.config, keeps=False)
        self._keys = Keys(self.config)
        self._base = plan.relative(self.config, "")
        self._purses = Purses(self.config, self._base)
        self._selected = matcher([self.scope.only]) if self.scope.only is not None else lambda place: True

    def looked(self) -> Iterator[tuple[str, list[Finding] | Doubt]]:
        """Every image with what is known of it without decoding anything."""
        made = plan.make(self.config, manifest.owned(self._entries).__contains__)
        planned: dict[str, Task | Skipped] = {task.asset.path: task for task in made.tasks}
        planned |= {one.path: one for one in made.skipped}
        for path in sorted({*planned, *self._entries}):
            if self._selected(path.removeprefix(self._base)):
                one = planned.get(path)
                yield path, self._task(one) if isinstance(one, Task) else [self._untasked(path, one)]

    def _untasked(self, path: str, one: Skipped | None) -> Finding:
        """An image that is skipped now, or an entry whose original is gone."""
        left = manifest.variants(self._entries.get(path, {}))
        self._count(left)
        if one is not None and one.status == "failed":
            return Finding(path, "failed", one.reason)
        if left:
            why = "the original is gone or excluded" if one is None else f"it is {one.reason}"
            return Finding(path, "stale", f"{why}, and {left[0].path} is still in the manifest")
        return Finding(path, "stale", "gone, and still in the manifest") if one is None else Finding(path, "skipped")

    def _task(self, task: Task) -> list[Finding] | Doubt:
        path = task.asset.path
        if reason := self.config.limits.too_heavy(task.asset.stat.size):
            return [Finding(path, "failed", reason)]
        try:
            sha256 = self._index.sha256(path, task.asset.file, task.asset.stat)
            entry = manifest.outcome(path, self._entries[path])
        except OSError as error:
            return [Finding(path, "failed", f"cannot be read: {error.strerror or error}")]
        except (KeyError, TypeError, ValueError, AttributeError):
            return [Finding(path, "missing", "is not in the manifest; it was never built")]
        return self._compared(task, sha256, entry)

    def _compared(self, task: Task, sha256: str, entry: Outcome) -> list[Finding] | Doubt:
        path, wanted = task.asset.path, task.rule.settings.strategy
        faults = list(filter(None, map(self._variant, entry.variants)))
        self._bytes[path] = sum(self.standing.get(one.path, 0) for one in entry.variants)
        if entry.sha256 is not None and entry.sha256 != sha256:
            return [Finding(path, "stale", "the original changed since it was built"), *faults]
        if entry.status == "failed":
            return [Finding(path, "failed", entry.reason), *faults]
        if entry.status == "skipped" or not _routed(entry, wanted):
            now = wanted or "both or lossless"
            return [Finding(path, "stale", f"built as {entry.strategy}, and its rule now says {now}"), *faults]
        if entry.share is not None and self._purses.folder(path) is None:
            return [Finding(path, "stale", "what stands is its share of spend, which gives it none any more"), *faults]
        same = self._same_key(task, sha256, entry)
        if not entry.variants and same is False:
            return [Finding(path, "stale", "its rule, judges or a library changed since nothing smaller was found")]
        if faults or not entry.variants or (same and not self.scope.again):
            return faults or [Finding(path, "ok")]
        return Doubt(task, sha256, entry, same is False)

    def _same_key(self, task: Task, sha256: str, entry: Outcome) -> bool | None:
        """Whether the answer that stands is the one to today's question; None where nobody knows."""
        key = self._keys.key(task.rule, sha256)
        noted = self._index.keys.get(task.asset.path)
        if noted is not None:
            return noted == key
        known = self._cache.get(key)
        if known is None or entry.share is not None:
            return None
        return {one.sha256 for one in known.variants} == {one.sha256 for one in entry.variants}

    def _variant(self, variant: Variant) -> Finding | None:
        """What is wrong with the file of a variant, if anything is."""
        file = self.config.root / variant.path
        try:
            status = os.lstat(file)
            if not stat.S_ISREG(status.st_mode):
                return Finding(variant.path, "edited", "is no regular file any more")
            self.standing[variant.path] = status.st_size
            sha256 = self._index.sha256(variant.path, file, stat_of(status))
        except FileNotFoundError:
            return Finding(variant.path, "missing", "is not there any more")
        except OSError as error:
            return Finding(variant.path, "missing", f"cannot be read: {error.strerror or error}")
        return None if sha256 == variant.sha256 else Finding(variant.path, "edited", "changed since semopt wrote it")

    def shares(self) -> Iterator[Finding]:
        """Folders of `spend` whose images have more bytes, or other shares than they would be given now."""
        for folder, count in self._purses.spent(self._bytes).items():
            budget, name = self._purses.bytes[folder], named(folder)
            if count > budget:
                yield Finding(name, "over", f"variants of {count:,} bytes, over its bytes of spend ({budget:,})")
            elif self.scope.only is None and self._moved(folder):
                yield Finding(name, "stale", "spend, or what shares it, changed since its images were built")

    def _moved(self, folder: str) -> bool:
        """Whether the shares of a folder are known to be another's: of other images, answers or bytes."""
        told = self._index.spent.get(folder)
        ours = [path for path, count in self._bytes.items() if count and self._purses.folder(path) == folder]
        keys = [(path, self._index.keys.get(path, "")) for path in ours]
        if told is None:
            return bool(keys) and all(key for _, key in keys)
        return told[0] != self._purses.digest(folder, keys)

    def _count(self, variants: tuple[Variant, ...]) -> None:
        for variant in variants:
            self._variant(variant)


def _routed(entry: Outcome, wanted: str | None) -> bool:
    """Whether what was built is what the rule's strategy may give; the default one goes by the pixels."""
    if wanted is None:
        return entry.strategy in ("both", "lossless") or went_elsewhere(entry, "both") or not entry.variants
    return entry.strategy == wanted or went_elsewhere(entry, wanted)
