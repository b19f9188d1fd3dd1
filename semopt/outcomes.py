"""What a search found, as an outcome without path and rule: what a cache keeps and a ledger installs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from semopt.atomic import digest
from semopt.encoders import ENCODERS
from semopt.records import data_uri
from semopt.types import Audience, Outcome, Trial, Variant

if TYPE_CHECKING:
    from semopt.orders import Found


def outcome_of(found: Found) -> Outcome:
    """What a search found, without path and rule."""
    source, ended = found.source, found.ended
    outcome = Outcome(
        "",
        "kept" if found.kind in ("ok", "kept", "left") else "failed",
        found.reason if ended is None else "; ".join(filter(None, (ended.why, ended.reason))),
        strategy=found.order.task.rule.settings.strategy if found.strategy is None else found.strategy.name,
        sha256=found.order.sha256,
        bytes=found.order.task.asset.stat.size,
        width=None if source is None else source.width,
        height=None if source is None else source.height,
        work=found.work,
        placeholder=None if found.placeholder is None else data_uri(found.placeholder),
        trials=() if ended is None else ended.trials,
    )
    if ended is None or not ended.accepted:
        return outcome
    audience = found.strategy.audience if found.strategy else "machines"
    if found.order.task.rule.settings.serve:
        audience = "people"
    pairs = zip(ended.accepted, found.contents, strict=True)
    return replace(outcome, status="optimized", variants=tuple(variant(*pair, audience) for pair in pairs))


def variant(trial: Trial, content: bytes, audience: Audience) -> Variant:
    """A trial and its bytes as a variant without path."""
    one, encoder = trial.candidate, ENCODERS[trial.candidate.encoder]
    return Variant(
        path="",
        format=encoder.name,
        media_type=encoder.media_type,
        width=one.width,
        height=one.height,
        quality=one.quality,
        bytes=len(content),
        sha256=digest(content),
        audience=audience,
        scores=tuple(sorted((trial.scores or {}).items())),
    )
