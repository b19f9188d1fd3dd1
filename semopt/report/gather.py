"""What a report tells of each image: from the manifest, the trials from the cache, small pictures of the originals."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from semopt import manifest
from semopt.cache import Cache  # the local one alone: a page waits for nobody
from semopt.criteria import with_default
from semopt.explain import Explained, Match, floor_of
from semopt.index import Index
from semopt.records import Json
from semopt.report.thumbs import Thumbs
from semopt.state import STATE
from semopt.types import Config, Outcome, Rule, Trial

DIGITS = 3


@dataclass(frozen=True, slots=True)
class Report:
    """The whole page as plain values. name: of the tree. images: one for each of the manifest, in the order of paths.

    details: for each image its trials and judges, looked at only when a person opens it.
    """

    name: str
    rules: list[Json]
    images: list[Json]
    details: list[Json]


def gather(config: Config, page: Path) -> Report:
    """Read everything. page: where the report will be, as links to pictures are relative to it.

    Raises SemoptError where the manifest is damaged, OSError where it cannot be read.
    """
    entries = manifest.read(manifest.load(config.root), config.root / manifest.NAME)
    index = Index.read(config.root / STATE / "index.json")
    cache = Cache(config.cache or config.root / STATE / "cache")
    rules = {rule.name: rule for rule in (*config.rules, config.default)}
    links = _Links(config.root, page.parent)
    files = {path: config.root / path for path, entry in entries.items() if entry.get("width")}
    images, details = [], []
    with Thumbs(config.root / STATE, config.limits) as thumbs:
        small = thumbs.of({str(entries[path]["sha256"]): file for path, file in files.items()})
        for path, entry in sorted(entries.items()):
            answer = cache.get(index.keys.get(path, ""))
            outcome = answer if answer is not None and answer.sha256 == entry.get("sha256") else None
            rule = rules.get(str(entry.get("rule")), config.default)
            images.append(_image(path, entry, rule, links, small.get(str(entry.get("sha256")))))
            details.append(_detail(path, entry, rule, outcome))
    return Report(config.assets.name or str(config.assets), [_rule(rule) for rule in rules.values()], images, details)


@dataclass(frozen=True, slots=True)
class _Links:
    root: Path
    page: Path

    def to(self, path: str) -> str:
        """A file of the tree as a relative URL; any bytes of a name survive."""
        relative = os.path.relpath(self.root / path, self.page).replace(os.sep, "/")
        return quote(os.fsencode(relative))


def _rule(rule: Rule) -> Json:
    return {"name": rule.name, "match": ", ".join(rule.match), "strategy": rule.settings.strategy}


def _shown(path: str) -> str:
    """A path as text: undecodable bytes are written out, as JSON and pages hold none."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _image(path: str, entry: Mapping[str, Any], rule: Rule, links: _Links, thumb: str | None) -> Json:
    variants = [
        {
            "url": links.to(variant["path"]),
            "format": variant["format"],
            "width": variant["width"],
            "height": variant["height"],
            "quality": variant["quality"],
            "bytes": variant["bytes"],
            "for": variant["for"],
        }
        for variant in entry["variants"]
    ]
    return {
        "path": _shown(path),
        "url": links.to(path),
        "thumb": thumb,
        "status": entry.get("status"),
        "strategy": entry.get("strategy"),
        "rule": rule.name,
        "reason": entry.get("reason") or "",
        "share": entry.get("share"),
        "bytes": entry.get("bytes"),
        "width": entry.get("width"),
        "height": entry.get("height"),
        "variants": variants,
        "margin": _margin(entry, rule),
    }


def _margin(entry: Mapping[str, Any], rule: Rule) -> float | None:
    """By how much the similarity of a variant is above its threshold, for the strictest judge; None if unjudged."""
    margins = [
        score["similarity"] - threshold
        for variant in entry["variants"]
        for name, score in variant["scores"].items()
        if (threshold := _threshold(rule, name)) is not None and score.get("similarity") is not None
    ]
    return round(min(margins), DIGITS) if margins else None


def _threshold(rule: Rule, judge: str) -> float | None:
    return with_default(rule.settings.keep_for(judge)).similarity


def _detail(path: str, entry: Mapping[str, Any], rule: Rule, outcome: Outcome | None) -> Json:
    judges = [
        {
            "variant": number,
            "judge": name,
            **{key: score.get(key) for key in ("similarity", "label", "label_before", "sure", "kept")},
        }
        for number, variant in enumerate(entry["variants"])
        for name, score in variant["scores"].items()
    ]
    thresholds = {name: _threshold(rule, name) for name in rule.settings.evaluators}
    if outcome is None:
        return {"judges": judges, "thresholds": thresholds, "trials": None}
    shared = replace(outcome, variants=manifest.variants(entry)) if entry.get("share") else None
    found = Explained(path, Match(rule, ""), outcome=outcome, floor=floor_of(rule, outcome), shared=shared)
    work = outcome.work
    return {
        "judges": judges,
        "thresholds": thresholds,
        "floor": found.floor,
        "trials": [_trial(trial, found) for trial in sorted(outcome.trials, key=lambda trial: trial.bytes)],
        "work": [work.reference, work.search, work.confirm, work.encodes, work.measures],
    }


def _trial(trial: Trial, found: Explained) -> list[Any]:
    """Format, width, height, quality, bytes, the least similarity, the metric's figure, the verdict."""
    one = trial.candidate
    seen = [score.similarity for score in (trial.scores or {}).values() if not score.silent]
    least = round(min(seen), DIGITS) if seen else None
    metric = None if trial.measured is None else round(trial.measured, 1)
    return [one.encoder, one.width, one.height, one.quality, trial.bytes, least, metric, found.verdict(trial)]


def chunks(details: list[Json], size: int) -> Iterator[list[Json]]:
    """Details in pieces that a browser reads one at a time."""
    yield from (details[at : at + size] for at in range(0, len(details), size))
