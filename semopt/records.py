"""The nouns as plain JSON values and back. One place, so that cache, manifest and command line say the same."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from semopt.types import Candidate, Outcome, Passes, Score, Share, Trial, Variant, Work

Json = dict[str, Any]
Record = TypeVar("Record")
LARGEST = 2**63  # beyond it other readers of JSON have no whole numbers
PLAIN = {int, float, str, bool, type(None)}
DIGITS = 4  # scores are rounded, so that the last bits of another CPU do not change a manifest


def score_json(score: Score) -> Json:
    """The figures that the judge has; the others are left out."""
    figures = ((key, getattr(score, key)) for key in Score.__dataclass_fields__)  # `asdict` takes four times as long
    return {key: round(one, DIGITS) if type(one) is float else one for key, one in figures if one is not None}


def scores_json(scores: Iterable[tuple[str, Score]]) -> Json:
    """Scores by judge."""
    return {name: score_json(score) for name, score in sorted(scores)}


def variant_json(variant: Variant) -> Json:
    """One variant as the manifest has it."""
    return {
        "path": variant.path,
        "format": variant.format,
        "media_type": variant.media_type,
        "width": variant.width,
        "height": variant.height,
        "quality": variant.quality,
        "bytes": variant.bytes,
        "sha256": variant.sha256,
        "for": variant.audience,
        "scores": scores_json(variant.scores),
    }


_VARIANT = tuple(key for key in Variant.__dataclass_fields__ if key not in ("audience", "scores"))


def variant_of(value: Mapping[str, Any], known: bool = False) -> Variant:
    """A variant back from JSON. Raises KeyError, TypeError or ValueError on anything else.

    known: the very bytes that this version wrote are being read, so that no field need be looked at.
    """
    scores = [(name, Score(**figures)) for name, figures in sorted(value["scores"].items())]
    one = Variant(**{key: value[key] for key in _VARIANT}, audience=value["for"], scores=tuple(scores))
    if not known:
        for _, score in scores:
            sound(score)
        sound(one)
    return one


def share_json(share: Share) -> Json:
    """A share of `spend`."""
    return {key: round(value, DIGITS) if isinstance(value, float) else value for key, value in asdict(share).items()}


def share_of(value: Mapping[str, Any]) -> Share | None:
    """The share of what was read, None where there is none. Raises TypeError on anything else."""
    share = value.get("share")
    return None if share is None else sound(Share(**share))


def trial_json(trial: Trial) -> Json:
    """One trial."""
    one = trial.candidate
    chain = {"chain": list(one.chain)} if one.chain else {}
    return chain | {
        "encoder": one.encoder,
        "width": one.width,
        "height": one.height,
        "quality": one.quality,
        "bytes": trial.bytes,
        "scores": None if trial.scores is None else scores_json(trial.scores.items()),
        "measured": None if trial.measured is None else round(trial.measured, DIGITS),
        "passed": trial.passed,
        "refused": trial.refused,
    }


def trial_of(value: Mapping[str, Any]) -> Trial:
    """A trial back from JSON."""
    candidate = Candidate(
        value["encoder"], value["width"], value["height"], value["quality"], tuple(value.get("chain", ()))
    )
    scores = value["scores"]
    seen = None if scores is None else {name: sound(Score(**figures)) for name, figures in scores.items()}
    trial = Trial(sound(candidate), value["bytes"], seen, value["measured"], value["passed"], value["refused"])
    return sound(trial)


def work_json(work: Work) -> Json:
    """What a search cost; the passes of each judge by its name."""
    return {**asdict(work), "judges": {name: asdict(passes) for name, passes in work.judges}}


def work_of(value: Mapping[str, Any]) -> Work:
    """Work back from JSON."""
    judges = {name: sound(Passes(**counts)) for name, counts in value["judges"].items()}
    return sound(Work(**{**value, "judges": tuple(sorted(judges.items()))}))


def data_uri(content: bytes) -> str:
    """A placeholder, which is a WebP, as pages take it."""
    return f"data:image/webp;base64,{base64.b64encode(content).decode('ascii')}"


_PLACEHOLDER = re.compile(r"data:image/webp;base64,[A-Za-z0-9+/]{4,4000}={0,2}")


def placeholder_of(value: Mapping[str, Any]) -> str | None:
    """A placeholder that was read, None where there is none. Raises ValueError on anything else: it goes into pages."""
    uri = value.get("placeholder")
    if uri is not None and not (isinstance(uri, str) and _PLACEHOLDER.fullmatch(uri)):
        raise ValueError("no placeholder of semopt's")
    return uri


def answer_json(outcome: Outcome) -> Json:
    """What a cache keeps of an outcome: all but path and rule, which are no part of the answer."""
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "strategy": outcome.strategy,
        "sha256": outcome.sha256,
        "bytes": outcome.bytes,
        "width": outcome.width,
        "height": outcome.height,
        "variants": [variant_json(variant) for variant in outcome.variants],
        "placeholder": outcome.placeholder,
        "work": work_json(outcome.work),
        "trials": [trial_json(trial) for trial in outcome.trials],
    }


def answer_of(value: Mapping[str, Any]) -> Outcome:
    """An outcome without path and rule. Raises KeyError, TypeError or ValueError on anything else."""
    plain = {key: value[key] for key in ("status", "reason", "strategy", "sha256", "bytes", "width", "height")}
    return sound(
        Outcome(
            path="",
            **plain,
            variants=tuple(map(variant_of, value["variants"])),
            placeholder=placeholder_of(value),
            work=work_of(value["work"]),
            trials=tuple(map(trial_of, value["trials"])),
        )
    )


def sound(record: Record) -> Record:
    """A dataclass whose plain fields are of the types that they are declared with, numbers finite. Raises TypeError."""
    kind: Any = type(record)
    for name, types, words in _plain(kind):
        value: Any = getattr(record, name)
        found = type(value)
        odd = found not in types or (found is str and words and value not in words)
        if odd or (found is float and not math.isfinite(value)) or (found is int and abs(value) >= LARGEST):
            raise TypeError(f"{name} of {kind.__name__}: found {found.__name__}")
    return record


@cache
def _plain(kind: type) -> tuple[tuple[str, frozenset[type], frozenset[str]], ...]:
    """The fields of a dataclass with the types, and the words if they are few, that each may have.

    Fields that are made of other records are left out.
    """
    found = []
    for name, hint in get_type_hints(kind).items():
        hints = get_args(hint) if get_origin(hint) is UnionType else (hint,)
        words = frozenset(word for one in hints if get_origin(one) is Literal for word in get_args(one))
        types = {str if get_origin(one) is Literal else one for one in hints}
        if types <= PLAIN:
            found.append((name, frozenset(types | ({int} if float in types else set())), words))
    return tuple(found)
