"""Workers and judges that are kept warm from one build to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from semopt.pool import Pool
from semopt.types import Config, Evaluator, EvaluatorSpec


class Crew:
    """Worker processes and judges, started when first needed; one crew may serve many builds one after the other.

    jobs: worker processes. progress: bars on stderr for downloads.
    """

    def __init__(self, jobs: int, progress: bool = False) -> None:
        self._jobs, self._progress = jobs, progress
        self._pool: Pool | None = None
        self._judges: dict[str, tuple[EvaluatorSpec, str, Evaluator]] = {}
        self._lent: dict[str, Evaluator] = {}

    @property
    def pool(self) -> Pool:
        """The workers."""
        if self._pool is None:
            self._pool = Pool(self._jobs)
        return self._pool

    def lend(self, judges: Mapping[str, Evaluator]) -> None:
        """Judges of the caller's own by name, asked instead of those that a spec would make; until the next call."""
        self._lent = dict(judges)

    def judge(self, spec: EvaluatorSpec) -> Evaluator:
        """The judge of a spec, made again only where its weights have changed. Raises EvaluatorError."""
        from semopt.evaluators import KINDS

        if spec.name in self._lent:
            return self._lent[spec.name]
        kind = KINDS[spec.kind]
        now = kind.fingerprint(spec)
        known = self._judges.get(spec.name)
        if known is None or known[:2] != (spec, now):
            known = self._judges[spec.name] = (spec, now, kind.load(spec, self._progress))
            if hasattr(known[2], "threads"):
                known[2].threads = self._jobs
        return known[2]

    def warm(self, specs: Iterable[EvaluatorSpec]) -> None:
        """Start all workers and these judges, so that the next image waits for neither. Raises EvaluatorError."""
        from PIL import Image

        for worker in self.pool.workers:
            worker.rehearse()
        for spec in specs:
            self.judge(spec).observe([Image.new("RGB", (64, 64))])

    def close(self) -> None:
        """End the workers; the next use starts new ones."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None


class Judges:
    """The judges of a config by name, each made when first needed. Raises EvaluatorError."""

    def __init__(self, config: Config, crew: Crew) -> None:
        self._specs = {spec.name: spec for spec in config.evaluators}
        self._crew = crew
        self._made: dict[str, Evaluator] = {}

    def __getitem__(self, name: str) -> Evaluator:
        if name not in self._made:
            self._made[name] = self._crew.judge(self._specs[name])
        return self._made[name]
