"""What stands in a tree: the manifest before and after a run, the index, and the writer, kept in step.

The order of writes is what makes a killed run harmless: the journal before a file, files before the manifest that
names them, and out of the manifest before a file is replaced or removed.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from semopt import manifest
from semopt.atomic import digest, replace_whole, stat_of, sweep
from semopt.encoders import ENCODERS
from semopt.index import Index
from semopt.naming import Naming
from semopt.types import Config, Outcome, Stat, Status, Task, Variant
from semopt.write import STATE, ForeignError, Writer

log = logging.getLogger("semopt")


class Ledger:
    """The books of one tree. Reading them changes nothing on disk."""

    def __init__(self, config: Config, base: str) -> None:
        """base: the tree relative to the config's folder, empty or ending in a slash."""
        self._config = config
        self._state = config.root / STATE
        self._unfinished = self._state / "unfinished"
        self.index = Index.read(self._state / "index.json")
        self._written = manifest.load(config.root)
        self.before = self._found = manifest.read(self._written, config.root / manifest.NAME)
        recorded = self.index.seen.get(manifest.NAME)
        self._trusted = recorded is not None and recorded.sha256 == digest(self._written)
        self._naming = Naming(config.output)
        namings = {self._naming, Naming(manifest.output(self._written)), Naming()}
        self.writer = Writer(config.root, base, namings, manifest.owned(self.before))
        self.done: dict[str, Outcome] = {}

    def unchanged(self, task: Task, sha256: str, key: str) -> Outcome | None:
        """The outcome of the last run where source, rule and every variant still are what they were."""
        path = task.asset.path
        if not self._trusted or self.index.keys.get(path) != key or path not in self.before:
            return None
        try:
            last = manifest.outcome(path, self.before[path])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        variants = last.variants
        if last.sha256 != sha256 or not all(self._as_named(task, variant) for variant in variants):
            return None
        if not all(self._stands(variant) for variant in variants):
            return None
        return replace(last, status=again(last.status), rule=task.rule.name)

    def recover(self) -> None:
        """Sweep away the temporary files of a killed run. Only for who holds the lock."""
        self.writer.recover()
        if self._unfinished.exists():
            folders = [self._config.root, *(Path(folder) for folder, _, _ in os.walk(self._state))]
            for folder in folders:
                sweep(folder)

    def retire(self, tasks: Collection[Task]) -> None:
        """Take the variants that may be replaced out of the manifest, after noting in the journal whose they are."""
        self._unfinished.touch()
        for task in tasks:
            self.index.unbuilt(task.asset.path)
        stale = {task.asset.path for task in tasks if self.before.get(task.asset.path, {}).get("variants")}
        if stale:
            self.before = {path: entry for path, entry in self.before.items() if path not in stale}
            self._write_manifest(self.before)

    def install(self, task: Task, key: str, answer: Outcome, contents: Iterable[bytes]) -> Outcome:
        """Write the variants of an answer beside their original and note them; the outcome says how that went."""
        path = task.asset.path
        variants = tuple(self._named(task, variant) for variant in answer.variants)
        whole = replace(answer, path=path, rule=task.rule.name, variants=variants)
        if not self._same(task):
            return _failed(whole, "changed or went away during the build; build again")
        try:
            for variant in variants:
                self.writer.check(variant.path, variant.sha256)
            for variant, content in zip(variants, contents, strict=True):
                self.writer.place(variant.path, content, task.asset.file)
                self.index.record(variant.path, content, self._stat(variant.path))
        except ForeignError as error:
            return _failed(whole, str(error))
        except OSError as error:
            return _failed(whole, f"cannot be written: {error.strerror or error}")
        self.index.built(path, key)
        return whole

    def close(self, wanted: Collection[str], complete: bool, everything: bool) -> None:
        """Write the manifest and the index, and remove variants whose original or rule is gone.

        wanted: paths that this run answers for. complete: every one of them is done; else old entries stay as they
        are. everything: the run looked at the whole tree, so that what nobody names is nobody's.
        """
        kept = {path: entry for path, entry in self.before.items() if not complete or path not in wanted}
        done = {path: manifest.entry(outcome) for path, outcome in self.done.items() if not path.endswith("/")}
        entries = {**kept, **done}
        named = set(manifest.owned(entries))
        self._write_manifest(entries)
        if complete:
            before = manifest.owned({path: entry for path, entry in self._found.items() if path in wanted})
            ours = self.writer.owned_paths() if everything else self.writer.owned_paths() & set(before)
            for message in filter(None, map(self.writer.remove, sorted(ours - named))):
                log.warning(message)
        if complete and everything:
            self.index.forget_all_but({*entries, *named, manifest.NAME}, entries)
        self._write_books(named)

    def _write_books(self, named: Collection[str]) -> None:
        try:
            self.writer.settle(named)
            self.index.write()
            self._unfinished.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be written (%s); the next build will be slow", STATE, error.strerror)

    def _write_manifest(self, entries: manifest.Entries) -> None:
        content = manifest.render(entries, self._config.output)
        if content != self._written:
            self._unfinished.touch()
            if set(manifest.owned(self._found)) - set(manifest.owned(entries)):
                self.writer.adopt()
            replace_whole(self._config.root / manifest.NAME, content)
            self._written = content
        if not self._trusted or digest(content) != self.index.seen[manifest.NAME].sha256:
            self.index.record(manifest.NAME, content, self._stat(manifest.NAME))
            self._trusted = True

    @staticmethod
    def _same(task: Task) -> bool:
        """Whether the original still is the file that was planned for."""
        try:
            return stat_of(os.lstat(task.asset.file)) == task.asset.stat
        except OSError:
            return False

    def _stands(self, variant: Variant) -> bool:
        file = self._config.root / variant.path
        try:
            status = os.lstat(file)
            return stat.S_ISREG(status.st_mode) and (
                self.index.sha256(variant.path, file, stat_of(status)) == variant.sha256
            )
        except OSError:
            return False

    def _stat(self, path: str) -> Stat:
        return stat_of(os.lstat(self._config.root / path))

    def _as_named(self, task: Task, variant: Variant) -> bool:
        return variant.format in ENCODERS and self._named(task, variant) == variant

    def _named(self, task: Task, variant: Variant) -> Variant:
        width = variant.width if task.rule.settings.widths else None
        suffix = ENCODERS[variant.format].suffix
        return replace(variant, path=self._naming.path(task.asset.path, suffix, variant.format, width))


def again(status: Status) -> Status:
    """What a status is called when it is known from before: failures are shown each time."""
    return "failed" if status == "failed" else "cached"


def _failed(outcome: Outcome, reason: str) -> Outcome:
    return replace(outcome, status="failed", reason=reason, variants=())
