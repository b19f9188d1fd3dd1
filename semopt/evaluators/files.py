"""What fingerprints are made of: the content of files, and the versions of libraries, without importing any."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

from semopt import regular
from semopt.types import EvaluatorError, EvaluatorSpec


def sha256_of(file: Path) -> str:
    """Hash of a file's content, in hex. Raises OSError."""
    with regular.opened(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def checked(spec: EvaluatorSpec, key: str, file: Path) -> str:
    """Hash of the file that a key of the spec names. Raises EvaluatorError where it cannot be read."""
    try:
        return sha256_of(file)
    except OSError as error:
        raise EvaluatorError(f"evaluator {spec.name!r}: {key}: cannot read {file}: {error.strerror}") from error


def agreed(spec: EvaluatorSpec, key: str, file: Path) -> str:
    """The same, of a file that must be the one that the spec's `sha256` states, if it states one."""
    found, wanted = checked(spec, key, file), spec.option("sha256")
    if wanted is not None and wanted.lower() != found:
        raise EvaluatorError(f"evaluator {spec.name!r}: sha256: expected {wanted}, found {found} in {file}")
    return found


def version(distribution: str, extra: str = "") -> str:
    """The installed version. Raises EvaluatorError, naming the extra of semopt that brings it, if one does."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        wanted = f"'semopt[{extra}]'" if extra else distribution
        raise EvaluatorError(f"{distribution} is not installed; pip install {wanted}") from error
