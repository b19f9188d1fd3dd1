"""What each image of a folder of `spend` is to have: one of its choices, as files to be written and what is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from semopt.afresh import Wanted
from semopt.atomic import digest
from semopt.outcomes import variant
from semopt.purses import Held
from semopt.spend import Option, Shares, Wish, share_out
from semopt.types import Outcome, Share, Trial, Variant
from semopt.worth import Choice, choices, is_of


@dataclass(frozen=True, slots=True)
class Portion:
    """folder: of `spend`. choice: one of the image's; without trials it is what the search found."""

    folder: str
    held: Held
    choice: Choice

    @property
    def is_own(self) -> bool:
        """Whether it is what the search found."""
        return not self.choice.trials

    @property
    def key(self) -> str:
        """Of what the cache has for it: of the answer, where it is that."""
        made = [trial.candidate for trial in self.choice.trials]
        files = [[one.encoder, one.width, one.height, one.quality] for one in made]
        return self.held.key if self.is_own else digest(f"{self.held.key} {json.dumps(files)}".encode("ascii"))

    @property
    def wanted(self) -> Wanted:
        """Its files, to be encoded."""
        return Wanted(self.held.task, self.held.sha256, self._trials)

    @property
    def _trials(self) -> tuple[Trial, ...]:
        answer = self.held.answer
        found = (next((trial for trial in answer.trials if is_of(trial, one)), None) for one in answer.variants)
        return self.choice.trials or tuple(trial for trial in found if trial is not None)

    def is_of(self, variants: Sequence[Variant]) -> bool:
        """Whether these are its files."""
        trials = self.choice.trials
        same = len(trials) == len(variants) and all(map(is_of, trials, variants))
        return self.is_own or same

    def variants(self, contents: Sequence[bytes]) -> tuple[Variant, ...]:
        """Its files with their bytes, for whom those are that were found."""
        audience = self.held.answer.variants[0].audience
        return tuple(variant(trial, content, audience) for trial, content in zip(self._trials, contents, strict=True))

    def outcome(self, found: Outcome) -> Outcome:
        """What became of the image, and what is to be said of its share."""
        least = self.choice.least
        share = None
        if not self.is_own and least is not None:
            share = Share(self.folder, least.by, least.figure, least.wanted, least.margin >= 0)
        reason = "; ".join(filter(None, (self.held.answer.reason, self.choice.reason if share else "")))
        return replace(found, reason=reason, share=share)


def portions(folder: str, held: Sequence[Held], budget: int | None) -> tuple[list[Portion], Shares]:
    """The portion of each image, and how the bytes went. budget: None where everybody has what was found."""
    made = {one.task.asset.path: choices(one.answer, one.task.rule.settings) for one in held}
    wishes = {
        path: Wish(tuple(Option(one.bytes, one.worth) for one in ways), own) for path, (ways, own) in made.items()
    }
    if budget is None:
        shares = Shares({path: wish.own for path, wish in wishes.items()}, 0, 0)
    else:
        shares = share_out(wishes, budget)
    chosen = {path: made[path][0][index] for path, index in shares.chosen.items()}
    return [Portion(folder, one, chosen[one.task.asset.path]) for one in held], shares
