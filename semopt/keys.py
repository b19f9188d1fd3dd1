"""Cache keys: everything that an answer depends on, and nothing else. Never a path, never a time."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cached_property
from typing import Any

from semopt.atomic import digest
from semopt.types import Config, EvaluatorSpec, Rule, Settings

ALGORITHM = 10
"""Raise it when decoding, routing, search, metric or criteria may give another answer for the same image and rule."""

JUDGING = ("evaluators", "confirm", "agree", "keep")
UNSAID = ("max_side", "below")
"""Where they are off, so that answers from before there was such a key stand."""


class Keys:
    """The keys of one build. Raises EvaluatorError where a judge cannot even be named."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._rules: dict[Settings, str] = {}

    def key(self, rule: Rule, sha256: str) -> str:
        """The key of an image's answer under a rule."""
        if rule.settings not in self._rules:
            content = json.dumps(self.parts(rule.settings), sort_keys=True)
            self._rules[rule.settings] = digest(content.encode("ascii"))
        return digest(f"{sha256} {self._rules[rule.settings]}".encode("ascii"))

    def parts(self, settings: Settings) -> dict[str, Any]:
        """All that an answer depends on beside the image, by what it is: two machines on which it is equal agree."""
        judged = settings.placeholder or settings.strategy in (None, "semantic", "both", "resize", "jpeg")
        seen = settings.strategy in (None, "visual", "both", "semantic")  # where judges cannot decide, the eye does
        unsaid = [key for key in UNSAID if not getattr(settings, key)]
        idle = {"formats", *(() if judged else JUDGING), *(() if seen else ("floor", "below")), *unsaid}
        return {
            "algorithm": ALGORITHM,
            "settings": {key: value for key, value in asdict(settings).items() if key not in idle},
            "encoders": [self._encoders[name] for name in self._formats(settings)],
            "judges": [self._judges[name] for name in (*settings.evaluators, *settings.confirm)] if judged else [],
            "limits": [self._config.limits.max_pixels, self._config.limits.max_frames],
        }

    @staticmethod
    def _formats(settings: Settings) -> list[str]:
        from semopt.encoders import NAMES
        from semopt.strategies import FORMATS

        return sorted(settings.formats or FORMATS.get(settings.strategy or "", NAMES))

    @cached_property
    def _encoders(self) -> _Encoders:
        return _Encoders()

    @cached_property
    def _judges(self) -> _Fingerprints:
        return _Fingerprints(self._config.evaluators)


class _Encoders(dict[str, str]):
    """Fingerprints of encoders by name, taken when first asked for."""

    def __missing__(self, name: str) -> str:
        from semopt.encoders import ENCODERS

        self[name] = ENCODERS[name].fingerprint()
        return self[name]


class _Fingerprints(dict[str, str]):
    """Fingerprints of judges by name, taken when first asked for: an unused judge costs nothing."""

    def __init__(self, specs: tuple[EvaluatorSpec, ...]) -> None:
        super().__init__()
        self._specs = {spec.name: spec for spec in specs}

    def __missing__(self, name: str) -> str:
        from semopt.evaluators import KINDS

        spec = self._specs[name]
        self[name] = f"{name}={KINDS[spec.kind].fingerprint(spec)}"
        return self[name]
