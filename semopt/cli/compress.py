"""`semopt compress`: single images without a config."""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from semopt.cli import arguments
from semopt.types import ConfigError, Keep, Outcome, SemoptError

if TYPE_CHECKING:
    from semopt.answers import Answer

EXAMPLES = """\
  semopt compress cat.jpg                        writes cat.jpg.semopt.avif or the like beside it
  semopt compress cat.jpg -o small.webp --strategy semantic
  semopt compress *.png -o out/ --strategy lossless --format webp
Without --strategy photographs get `both`, drawings and screenshots `lossless`.
"""

SUFFIXES = {".webp": "webp", ".avif": "avif", ".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"}


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "compress single images without a config; writes one file for each and nothing else"
    command = arguments.command(commands, "compress", does, EXAMPLES)
    command.set_defaults(command=run)
    add = command.add_argument
    add("files", nargs="+", type=Path, metavar="FILE")
    add("-o", "--output", metavar="OUT", help="a folder, or for one FILE a file (default: beside FILE)")
    add("--strategy", metavar="NAME", help="semantic, visual, both, lossless, ...")
    add("--format", action="append", metavar="NAME", help="webp, avif, jpeg or png; may be repeated")
    add("--evaluator", default="embedded", metavar="NAME", help="embedded, text, or a network of torchvision")
    add("--weights", type=Path, metavar="FILE", help="weights of the network (default: torchvision's own)")
    add("--similarity", type=arguments.share, metavar="S", help="what must be left in its eyes, 0 to 1 (default: 0.9)")
    add("--force", action="store_true", help="overwrite a file that is there, but never an original")
    add("--json", action="store_true", help="one JSON object a line on stdout")
    arguments.add_jobs(command)


def run(parsed: argparse.Namespace) -> int:
    """Compress each; 1 where some image failed."""
    from semopt import pipeline, single
    from semopt.crew import Crew

    target = Target(parsed)
    wish = single.Wish(
        parsed.strategy, target.formats, parsed.evaluator, parsed.weights, Keep(similarity=parsed.similarity)
    )
    config = single.config_for(wish)
    crew = Crew(min(parsed.jobs or pipeline.default_jobs(), len(target.files)), sys.stderr.isatty())
    failed = False
    try:
        for file, answer in single.compressed(config, target.files, crew):
            failed |= _finish(file, answer, target, parsed.json)
    finally:
        crew.close()
    return 1 if failed else 0


class Target:
    """Where the files go. Raises ConfigError where OUT cannot be meant."""

    def __init__(self, parsed: argparse.Namespace) -> None:
        self.files: list[Path] = list(dict.fromkeys(parsed.files))
        self.formats = tuple(dict.fromkeys(parsed.format)) if parsed.format else None
        self._out = None if parsed.output is None else Path(parsed.output)
        self._force: bool = parsed.force
        self._folder = self._out is not None and (self._out.is_dir() or parsed.output.endswith(("/", os.sep)))
        if self._out is not None and not self._folder:
            self._one(self._out)

    def _one(self, out: Path) -> None:
        """OUT is a file: its suffix says the format."""
        if len(self.files) > 1:
            raise ConfigError(
                f"{out}: is no folder, and there are {len(self.files)} files; write '{out}/' for a folder"
            )
        meant = SUFFIXES.get(out.suffix.lower())
        if meant is None:
            raise ConfigError(f"{out}: its suffix names no format; use one of {' '.join(SUFFIXES)}")
        if self.formats not in (None, (meant,)):
            raise ConfigError(f"{out}: is of format {meant}, and --format says {', '.join(self.formats or ())}")
        self.formats = (meant,)

    def write(self, source: Path, suffix: str, content: bytes) -> Path:
        """Put content where it belongs. Raises OSError, and SemoptError where something else is in the way."""
        from semopt.atomic import replace_whole

        file = self._file(source, suffix)
        if self._free(file, content):
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_whole(file, content, stat.S_IMODE(os.stat(source).st_mode) & 0o666)
        return file

    def _file(self, source: Path, suffix: str) -> Path:
        if self._out is not None and not self._folder:
            return self._out
        name = f"{source.name}.semopt{suffix}"
        return source.with_name(name) if self._out is None else self._out / name

    def _free(self, file: Path, content: bytes) -> bool:
        """Whether the file must be written; False where it is there already."""
        if not os.path.lexists(file):
            return True
        if any(os.path.exists(one) and os.path.samefile(one, file) for one in self.files if os.path.exists(file)):
            raise SemoptError(f"{file} is an original, which is never overwritten; choose another name")
        if not file.is_file() or file.is_symlink():
            raise SemoptError(f"{file} is in the way and is no file; move it away")
        if file.read_bytes() == content:
            return False
        if not self._force:
            raise SemoptError(f"{file} is there and has another content; move it away, or write --force")
        return True


def _finish(file: Path, answer: Answer | OSError, target: Target, as_json: bool) -> bool:
    """Write one image and say so in a line; whether it failed."""
    from semopt.encoders import ENCODERS

    if isinstance(answer, OSError):
        outcome = Outcome(str(file), "failed", f"cannot be read: {answer.strerror or answer}")
        return _say(outcome, None, as_json)
    outcome, written = answer.outcome, None
    try:
        for variant, content in zip(outcome.variants, answer.contents, strict=True):
            written = target.write(file, ENCODERS[variant.format].suffix, content)
    except OSError as error:
        return _say(_failed(outcome, f"cannot be written: {error.strerror or error}"), None, as_json)
    except SemoptError as error:
        return _say(_failed(outcome, str(error)), None, as_json)
    return _say(outcome, written, as_json)


def _failed(outcome: Outcome, reason: str) -> Outcome:
    from dataclasses import replace

    return replace(outcome, status="failed", reason=reason, variants=())


def _say(outcome: Outcome, written: Path | None, as_json: bool) -> bool:
    """The line for one image, failures on stderr; whether it failed."""
    from semopt.show import outcome_json, sentence
    from semopt.terminal import printable

    failed = outcome.status == "failed"
    if as_json:
        whole = outcome_json(outcome)
        kept = {key: whole[key] for key in whole if key not in ("rule", "placeholder")}
        print(json.dumps({"type": "outcome", **kept, "written": None if written is None else str(written)}))
    elif failed:
        print(f"{printable(outcome.path)}: failed: {outcome.reason}; the original is untouched", file=sys.stderr)
    else:
        seen = [f"{name} {score.similarity:.3f}" for variant in outcome.variants for name, score in variant.scores]
        where = "" if written is None else f" ({', '.join([*seen, printable(str(written))])})"
        print(f"{sentence(outcome)}{where}")
    return failed
