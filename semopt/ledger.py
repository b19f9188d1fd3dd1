"""What stands in a tree: the manifest before and after a run, the index, and the writer, kept in step.

The order of writes is what makes a killed run harmless: the journal before a file, files before the manifest that
names them, and out of the manifest before a file is replaced or removed.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from semopt import manifest, regular
from semopt.atomic import digest, replace_whole, stat_of, sweep
from semopt.encoders import ENCODERS
from semopt.index import Index
from semopt.naming import Naming
from semopt.records import Json
from semopt.state import STATE
from semopt.types import COPY, Config, Outcome, Status, Task, Variant
from semopt.write import ForeignError, Writer

log = logging.getLogger("semopt")

FULL = (errno.ENOSPC, errno.EDQUOT)
"""After these no further image can be written either, so that searching on would be in vain."""


class Ledger:
    """The books of one tree. Reading them changes nothing on disk."""

    def __init__(self, config: Config, base: str) -> None:
        """base: the tree relative to the config's folder, empty or ending in a slash."""
        self._config = config
        self._state = config.root / STATE
        self._unfinished = self._state / "unfinished"
        self.index = Index.read(self._state / "index.json")
        self._written = manifest.load(config.root)
        self.before = self._found = self._standing = manifest.read(self._written, config.root / manifest.NAME)
        self._template = manifest.output(self._written)
        self._trusted = self.index.stands_by(manifest.NAME, self._written)
        self._naming = Naming(config.output)
        namings = [self._naming, Naming(self._template)]
        self._home = config.target or config.root
        self.writer = Writer(self._home, base, namings, manifest.owned(self.before), self._state)
        self.done: dict[str, Outcome] = {}
        self._same_entry: dict[str, tuple[Outcome, Json]] = {}  # of outcomes that are as the manifest has them

    def unchanged(self, task: Task, sha256: str, key: str) -> Outcome | None:
        """The outcome of the last run where source, rule and every variant still are what they were."""
        path, rule = task.asset.path, task.rule.name
        entry = self.before.get(path)
        if self.index.keys.get(path) != key or not entry or entry.get("sha256") != sha256:
            return None
        try:
            outcome = manifest.outcome(path, {**entry, "status": again(entry["status"]), "rule": rule}, known=True)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        for variant in outcome.variants:
            if not self._as_named(task, variant) or not self._stands(variant):
                return None
        if entry["rule"] == rule:
            self._same_entry[path] = outcome, entry
        return outcome

    def recover(self) -> None:
        """Sweep away the temporary files of a killed run. Only for who holds the lock."""
        self.writer.recover()
        sweep(self._state)  # its first files are written before there is a mark
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
        """Write the variants of an answer beside their original and note them; the outcome says how that went.

        Where an original has a place in a target, its copy stands for the variants that were not found. Raises OSError
        where the disk is full.
        """
        path = task.asset.path
        if task.asset.place and not answer.variants and answer.status != "failed":
            answer = replace(answer, variants=(copy_of(answer),))
        variants = tuple(self._named(task, variant) for variant in answer.variants)
        whole = replace(answer, path=path, rule=task.rule.name, variants=variants)
        if not self._same(task):
            return _failed(whole, "changed or went away during the build; build again")
        try:
            if any(variant.format == COPY for variant in variants):
                contents = [original := regular.read(task.asset.file)]
                if digest(original) != answer.sha256:
                    return _failed(whole, "changed during the build; build again")
            for variant in variants:
                self.writer.check(variant.path, variant.sha256)
            for variant, content in zip(variants, contents, strict=True):
                self.writer.place(variant.path, content, task.asset.file)
                self.index.record(self._known(variant.path), content, stat_of(os.lstat(self._home / variant.path)))
        except ForeignError as error:
            return _failed(whole, str(error))
        except OSError as error:
            if error.errno in FULL:
                raise OSError(error.errno, f"{error.strerror}; the build stops here", str(task.asset.file)) from error
            if error.errno == errno.ENAMETOOLONG:
                return _failed(whole, "its name leaves no room for a variant's name beside it; shorten it")
            return _failed(whole, f"cannot be written: {error.strerror or error}")
        self.index.built(path, key)
        return whole

    def close(self, wanted: Collection[str], complete: bool, everything: bool) -> None:
        """Write the manifest and the index, and remove variants whose original or rule is gone.

        wanted: paths that this run answers for. complete: every one of them is done; else old entries stay as they
        are. everything: the run looked at the whole tree, so that what nobody names is nobody's.
        """
        kept = {path: entry for path, entry in self.before.items() if not complete or path not in wanted}
        done = {path: self._entry(path, outcome) for path, outcome in self.done.items() if not path.endswith("/")}
        entries = {**kept, **done}
        named = set(manifest.owned(entries))
        self._write_manifest(entries)
        if complete:
            before = manifest.owned({path: entry for path, entry in self._found.items() if path in wanted})
            ours = self.writer.owned_paths() if everything else self.writer.owned_paths() & set(before)
            for message in filter(None, map(self.writer.remove, sorted(ours - named))):
                log.warning(message)
        if complete and everything:
            self.index.forget_all_but({*entries, *map(self._known, named), manifest.NAME}, entries)
        self._write_books(named)

    def _entry(self, path: str, outcome: Outcome) -> Json:
        """The manifest's entry for an outcome: the very one that stands there, where the outcome was made of it."""
        made, entry = self._same_entry.get(path, (None, {}))
        return entry if made is outcome else manifest.entry(outcome)

    def _write_books(self, named: Collection[str]) -> None:
        try:
            self.writer.settle(named)
            self.index.write()
            self._unfinished.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s cannot be written (%s); the next build will be slow", STATE, error.strerror)

    def _write_manifest(self, entries: manifest.Entries) -> None:
        if self._trusted and entries == self._standing and self._template == self._config.output:
            return  # without making a text of it: the whole work of a build with nothing to do
        content = manifest.render(entries, self._config.output)
        if content != self._written:
            self._unfinished.touch()
            retemplated = self._written and self._template != self._config.output
            staying = () if retemplated else manifest.owned(entries)
            self.writer.adopt(set(manifest.owned(self._found)).difference(staying))
            replace_whole(self._config.root / manifest.NAME, content)
            self._written, self._standing, self._template = content, entries, self._config.output
        if not self._trusted or digest(content) != self.index.seen[manifest.NAME].sha256:
            self.index.record(manifest.NAME, content, stat_of(os.lstat(self._config.root / manifest.NAME)))
            self._trusted = True

    @staticmethod
    def _same(task: Task) -> bool:
        """Whether the original still is the file that was planned for."""
        try:
            return stat_of(os.lstat(task.asset.file)) == task.asset.stat
        except OSError:
            return False

    def _stands(self, variant: Variant) -> bool:
        file = os.path.join(self._home, variant.path)
        try:
            status = os.lstat(file)
            return stat.S_ISREG(status.st_mode) and (
                self.index.sha256(self._known(variant.path), file, stat_of(status)) == variant.sha256
            )
        except OSError:
            return False

    def _known(self, path: str) -> str:
        """What the index calls a variant: in a target it may have the path that its original has in the tree."""
        return f"/{path}" if self._config.target else path

    def _as_named(self, task: Task, variant: Variant) -> bool:
        known = variant.format in ENCODERS or (variant.format == COPY and task.asset.place is not None)
        return known and self._path(task, variant) == variant.path

    def _named(self, task: Task, variant: Variant) -> Variant:
        return replace(variant, path=self._path(task, variant))

    def _path(self, task: Task, variant: Variant) -> str:
        """Where a variant goes."""
        if place := task.asset.place:
            copied = variant.format == COPY or place.stem is None
            return place.copy if copied else f"{place.stem}{ENCODERS[variant.format].suffix}"
        width = variant.width if task.rule.settings.widths else None
        return self._naming.path(task.asset.path, ENCODERS[variant.format].suffix, variant.format, width)


def again(status: Status) -> Status:
    """What a status is called when it is known from before: failures are shown each time."""
    return "failed" if status == "failed" else "cached"


def copy_of(answer: Outcome) -> Variant:
    """The original itself as a variant, without its path."""
    size = answer.width or 0, answer.height or 0
    return Variant("", COPY, "application/octet-stream", *size, None, answer.bytes or 0, answer.sha256 or "", "people")


def _failed(outcome: Outcome, reason: str) -> Outcome:
    return replace(outcome, status="failed", reason=reason, variants=())
