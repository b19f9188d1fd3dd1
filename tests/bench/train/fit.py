"""The training loop: to say the drift that the teachers say, and to tell where their answers change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from semopt.evaluators.drift import SIDE
from tests.bench.train.model import Net, pixels
from tests.bench.train.tables import Table
from tests.bench.train.teachers import Lesson

KL, ANGLE, NONE = 2.0, 0.2, 0.02
"""drift = kl / KL + angle / ANGLE. NONE is added before the logarithm: differences far below what matters are equal."""

AROUND, WIDTH, REST = 0.3, 1.8, 0.1
"""Drifts near e**AROUND, where a choice is made, count most: weight = exp(-((x - AROUND) / WIDTH)**2 / 2) + REST."""

ANSWERS = 2.0
"""Weight of telling whether an answer holds, beside 1 of saying the drift."""

SURE = 0.35
"""A teacher's answer that is less probable says nothing when it changes."""

SIDES = (208, 240, SIDE)
ORIGINALS, VERSIONS = 10, 6
"""Of a step; every original with so many of its versions at most, drawn anew each time."""

RATE, DECAY, WARM = 2e-3, 0.05, 200


@dataclass(frozen=True)
class Batch:
    """originals, versions: uint8 (n, side, side, 3). owner, shares as `Net` takes them. target: (versions,) log drift.
    held, sure: (versions, teachers)."""

    originals: torch.Tensor
    versions: torch.Tensor
    owner: torch.Tensor
    shares: torch.Tensor
    target: torch.Tensor
    held: torch.Tensor
    sure: torch.Tensor


class Answers(nn.Module):
    """At which drift each teacher's answer changes, and how suddenly; not part of what is shipped."""

    def __init__(self, teachers: int) -> None:
        super().__init__()
        self.steep, self.place = nn.Parameter(torch.full((teachers,), 1.5)), nn.Parameter(torch.full((teachers,), 0.5))

    def forward(self, drift: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mean cross entropy, each teacher's weighted by how sure it was. drift: (versions,) logarithms."""
        odds = F.softplus(self.steep) * (self.place - drift[:, None])
        each = F.binary_cross_entropy_with_logits(odds, batch.held, reduction="none")
        weight = batch.sure * (batch.sure > SURE)
        return ((each * weight).sum(0) / (weight.sum(0) + 1e-6)).mean()


def target(lesson: Lesson) -> np.ndarray:
    """Logarithms of the drift, in the mean of the teachers: (versions,)."""
    return np.log(lesson.kl / KL + lesson.angle / ANGLE + NONE).mean(1)


def fit(tables: Sequence[Table], passes: int, seed: int) -> Iterator[tuple[Net, float]]:
    """Train a network, which is given after each pass over the tables with the mean loss of that pass."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    net = Net().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    answers = Answers(len(tables[0].lesson.sure))
    steps = max(1, passes) * max(1, len(tables) // ORIGINALS)
    descent, pace = _descent(net, answers, steps)
    for _ in range(passes):
        net.train()
        losses = [_step(net, answers, batch, descent, pace) for batch in batches(tables, random)]
        yield net.eval(), float(np.mean(losses))


def batches(tables: Sequence[Table], random: np.random.Generator) -> Iterator[Batch]:
    """All tables once, in a drawn order; what does not fill the last batch is left out."""
    order, size = random.permutation(len(tables)), min(ORIGINALS, len(tables))
    for start in range(0, len(order) - size + 1, size):
        yield _batch([tables[at] for at in order[start : start + size]], random)


def _batch(tables: Sequence[Table], random: np.random.Generator) -> Batch:
    """A part of each canvas, of one size for all, an original's and its versions' alike; half of them mirrored."""
    side, drawn, parts = int(random.choice(SIDES)), [], []
    for table in tables:
        count = len(table.shares)
        chosen = np.sort(random.choice(count, min(VERSIONS, count), replace=False))
        top, left = random.integers(0, SIDE - side + 1, 2)
        part = table.canvases[np.r_[0, chosen + 1], top : top + side, left : left + side]
        parts.append(part[:, :, ::-1] if random.random() < 0.5 else part)
        drawn.append(chosen)
    pairs = list(zip(tables, drawn, strict=True))
    sure = [np.broadcast_to(table.lesson.sure, table.lesson.held[chosen].shape) for table, chosen in pairs]
    return Batch(
        torch.from_numpy(np.concatenate([part[:1] for part in parts])),
        torch.from_numpy(np.concatenate([part[1:] for part in parts])),
        torch.from_numpy(np.repeat(np.arange(len(tables)), [len(chosen) for chosen in drawn])),
        torch.from_numpy(np.concatenate([table.shares[chosen] for table, chosen in pairs])),
        torch.from_numpy(np.concatenate([target(table.lesson)[chosen] for table, chosen in pairs])),
        torch.from_numpy(np.concatenate([table.lesson.held[chosen] for table, chosen in pairs])).float(),
        torch.from_numpy(np.concatenate(sure)),
    )


def _descent(net: Net, answers: Answers, steps: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """AdamW that decays matrices alone; a warm-up, then half a cosine."""
    parameters = [*net.parameters(), *answers.parameters()]
    groups = [
        {"params": [one for one in parameters if one.ndim > 1], "weight_decay": DECAY},
        {"params": [one for one in parameters if one.ndim <= 1], "weight_decay": 0.0},
    ]
    descent = torch.optim.AdamW(groups, lr=RATE)

    warm = min(WARM, steps // 10 + 1)

    def pace(step: int) -> float:
        return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))) + 1e-3

    return descent, torch.optim.lr_scheduler.LambdaLR(descent, pace)


def _step(
    net: Net,
    answers: Answers,
    batch: Batch,
    descent: torch.optim.Optimizer,
    pace: torch.optim.lr_scheduler.LambdaLR,
) -> float:
    with torch.autocast("cpu", torch.bfloat16):  # the convolutions; distances and losses stay in float32
        drift = net(pixels(batch.originals), pixels(batch.versions), batch.owner, batch.shares)
    weight = torch.exp(-0.5 * ((batch.target - AROUND) / WIDTH).square()) + REST
    off = F.smooth_l1_loss(drift, batch.target, reduction="none", beta=0.5)
    loss = (weight * off).sum() / weight.sum() + ANSWERS * answers(drift, batch)
    descent.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    descent.step()
    pace.step()
    return loss.item()
