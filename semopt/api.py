"""semopt as a library: `semopt.build`, `semopt.compress`, `semopt.dataset`, `semopt.load_config`.

Works in scripts without a main guard: workers are started as programs of their own. Nothing here prints; warnings go
to the logger `semopt`.
"""

from __future__ import annotations

import atexit
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semopt.types import Compressed, Config, ConfigError, Evaluator, ImageError, Keep, Outcome, Sample

if TYPE_CHECKING:
    from PIL import Image

    from semopt.crew import Crew
    from semopt.single import Wish

_lock = threading.Lock()
_warm: dict[int, Crew] = {}  # by process: a fork must not share its parent's workers


def load_config(path: str | os.PathLike[str]) -> Config:
    """Read a `semopt.yaml`. Raises ConfigError, with one line for each fault: file, line, key, what would be right.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "semopt.yaml")
    >>> _ = file.write_text("version: 1\\nrules: [{match: 'icons/**', strategy: lossless}]")
    >>> load_config(file).rules[0].settings.strategy
    'lossless'
    """
    from semopt import config

    return config.load(Path(path))


def build(
    folder_or_config: str | os.PathLike[str] | Config, *, jobs: int | None = None, only: str | None = None
) -> Iterator[Outcome]:
    """Build a tree as `semopt build` does; yields an Outcome for every image met, in the order of paths.

    folder_or_config: a folder (the nearest semopt.yaml upward counts, else the defaults), the path of a config, or a
    Config. jobs: worker processes, default one for each core. only: a glob; other images stay as they are.
    Closing the iterator early leaves what was finished. Raises ConfigError at once; EvaluatorError and OSError where
    the build meets them. What is wrong with one image is an Outcome with status "failed" and a reason.

    >>> import tempfile
    >>> from PIL import Image
    >>> folder = tempfile.mkdtemp()
    >>> Image.radial_gradient("L").convert("RGB").save(f"{folder}/ball.png")
    >>> [(outcome.path, outcome.status) for outcome in build(folder, jobs=1)]
    [('ball.png', 'optimized')]
    >>> [outcome.status for outcome in build(folder)]
    ['cached']
    """
    from semopt import pipeline

    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs: expected a number from 1 up, found {jobs}")
    found = folder_or_config if isinstance(folder_or_config, Config) else _config(Path(folder_or_config))
    return pipeline.run(found, pipeline.Scope(jobs or pipeline.default_jobs(), only, workers=jobs))


def _config(path: Path) -> Config:
    from semopt import config

    if path.is_dir():
        file = config.find(path)
        return config.load(file) if file else config.default(path)
    return config.load(path)


def dataset(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    evaluator: str | None = None,
    weights: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] | None = None,
    label: str | None = None,
    similarity: float | None = None,
    confirm: Sequence[str] = (),
    formats: Sequence[str] = ("webp", "jpeg"),
    max_side: int | None = None,
    keep_names: bool = False,
    jobs: int | None = None,
    report: str | os.PathLike[str] | None = None,
    state: str | os.PathLike[str] | None = None,
) -> Iterator[Sample]:
    """Shrink a dataset of class folders as `semopt dataset` does; yields each sample, in the order of paths.

    source: as torchvision's ImageFolder reads it, with or without a level of splits. target: gets the same structure,
    and semopt-report.json and .md once the iterator is exhausted. The other arguments are those of the command. What
    was finished stays when the iterator is closed early, and is not searched again. Raises ConfigError at once;
    EvaluatorError and OSError where the run meets them. What is wrong with one sample is in it.

    >>> import tempfile, pathlib
    >>> from PIL import Image
    >>> raw = pathlib.Path(tempfile.mkdtemp(), "raw")
    >>> (raw / "ball").mkdir(parents=True)
    >>> Image.radial_gradient("L").convert("RGB").save(raw / "ball/one.png")
    >>> [(sample.target, sample.status, sample.agrees) for sample in dataset(raw, raw.parent / "small", jobs=1)]
    [('ball/one.webp', 'optimized', True)]
    """
    from semopt import imagefolder, pipeline

    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs: expected a number from 1 up, found {jobs}")
    wish = imagefolder.Wish(
        *(Path(source), Path(target), evaluator, _path(weights), _path(config), similarity, label, tuple(confirm)),
        *(tuple(formats), max_side, keep_names, _path(state)),
    )
    return imagefolder.run(wish, imagefolder.Ways(jobs or pipeline.default_jobs(), report=_path(report)))


def _path(given: str | os.PathLike[str] | None) -> Path | None:
    return None if given is None else Path(given)


def compress(
    image_or_path: Image.Image | bytes | str | os.PathLike[str],
    *,
    strategy: str | None = "semantic",
    formats: Sequence[str] | None = None,
    evaluator: str | Evaluator = "embedded",
    weights: str | os.PathLike[str] | None = None,
    keep: Keep | float | None = None,
) -> Compressed:
    """Compress one image; writes nothing.

    image_or_path: a Pillow image of any size from 1 px, the bytes of a file, or a path. An image in memory counts as
    large as its PNG. strategy: "semantic", "visual", "both", "lossless", ...; None for `both` or `lossless` by the
    pixels. formats: the candidates, e.g. ["webp", "jpeg"]; default the strategy's own. evaluator: "embedded", "text",
    a network of torchvision by name (weights: a file for it), or a judge of your own that satisfies
    `semopt.types.Evaluator`. keep: the least similarity, 0 to 1, or a `Keep`; default 0.9.

    Raises ConfigError (a name or combination that does not exist), ImageError (broken, or no image), EvaluatorError,
    OSError (cannot be read). Where nothing smaller was found, `content` is None and `reason` says why. The worker and
    the judge stay warm for the next call; calls from several threads take turns.

    >>> from PIL import Image
    >>> picture = Image.effect_noise((64, 48), 60).resize((256, 192)).convert("RGB")
    >>> found = compress(picture, formats=["webp"])
    >>> found.media_type, found.width <= 256, found.content[:4]
    ('image/webp', True, b'RIFF')
    >>> dict(found.scores)["embedded"].similarity >= 0.9
    True
    """
    from semopt.single import Wish

    given = None if isinstance(evaluator, str) else evaluator
    name = evaluator if isinstance(evaluator, str) else evaluator.name
    wanted = keep if isinstance(keep, Keep) else Keep(similarity=keep)
    if wanted.similarity is not None and not 0 <= wanted.similarity <= 1:
        raise ConfigError(f"keep: expected a similarity from 0 to 1, found {wanted.similarity:g}")
    if wanted.family_height is not None and wanted.label != "family":
        raise ConfigError("keep: family_height is for label='family' only")
    if given is not None and not given.labels and (wanted.label or wanted.family_height):
        raise ConfigError(f"keep: {name!r} knows no classes, so no label can be kept")
    chosen = None if formats is None else tuple(formats)
    wish = Wish(strategy, chosen, name, None if weights is None else Path(weights), wanted, given is not None)
    if isinstance(image_or_path, str | os.PathLike):
        return _searched(wish, Path(image_or_path), given)
    with tempfile.TemporaryDirectory(prefix="semopt-") as folder:
        file = Path(folder, "image")
        file.write_bytes(image_or_path if isinstance(image_or_path, bytes) else _png(image_or_path))
        return _searched(wish, file, given)


def _png(image: Image.Image) -> bytes:
    """An image in memory as a file of the same pixels, with its orientation and colour profile."""
    import io

    buffer = io.BytesIO()
    try:
        image.save(buffer, "PNG", compress_level=1, exif=image.getexif().tobytes())
    except OSError as error:
        raise ImageError(f"mode {image.mode} cannot be taken from memory; convert it to RGB first") from error
    return buffer.getvalue()


def _searched(wish: Wish, file: Path, given: Evaluator | None) -> Compressed:
    from semopt.single import compressed, config_for

    with _lock:
        crew = _crew()
        crew.lend({} if given is None else {given.name: given})
        ((_, answer),) = compressed(config_for(wish), [file], crew)
    if isinstance(answer, OSError):
        raise answer
    outcome = answer.outcome
    if outcome.status == "failed":
        raise ImageError(outcome.reason)
    if not outcome.variants:
        size = outcome.width, outcome.height
        return Compressed(None, None, *size, strategy=outcome.strategy, trials=outcome.trials, reason=outcome.reason)
    one = outcome.variants[0]
    return Compressed(
        answer.contents[0], one.media_type, one.width, one.height, one.quality, outcome.strategy, one.scores,
        outcome.trials, outcome.reason,
    )  # fmt: skip


def _crew() -> Crew:
    """The warm crew of this process."""
    from semopt.crew import Crew

    if os.getpid() not in _warm:
        _warm.clear()
        _warm[os.getpid()] = crew = Crew(1)
        atexit.register(_close, os.getpid(), crew)
    return _warm[os.getpid()]


def _close(process: int, crew: Crew) -> None:
    """End the workers with the process that started them; a fork of it leaves them alone."""
    if os.getpid() == process:
        crew.close()
