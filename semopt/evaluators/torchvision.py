"""Judges of kind `torchvision`: any of its ImageNet networks, with the preprocessing that its weights were made for.

Imports neither torch nor numpy before a judge is loaded.
"""

from __future__ import annotations

import re
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semopt.evaluators import files
from semopt.evaluators.names import TORCHVISION_MODELS
from semopt.evaluators.operators import import_torchvision
from semopt.types import EvaluatorError, EvaluatorSpec

if TYPE_CHECKING:
    from semopt.evaluators.network import NetworkEvaluator

ALGORITHM = 4
"""Raise it when preprocessing or comparison change."""


def fingerprint(spec: EvaluatorSpec) -> str:
    """The network, its weights and what prepares images for it.

    A file counts by its content; named weights by their name and the version of the library that resolves it.
    """
    file = _file(spec)
    weights = f"sha256-{files.agreed(spec, 'weights', file)}" if file else spec.option("weights") or "DEFAULT"
    libraries = f"torchvision-{files.version('torchvision', 'torch')}:pillow-{files.version('pillow', 'torch')}"
    return f"torchvision:{ALGORITHM}:{_architecture(spec)}:{weights}:{libraries}"


def load(spec: EvaluatorSpec, progress: bool) -> NetworkEvaluator:
    """Build the network and fill in its weights, downloading named ones to where torch keeps them.

    Raises EvaluatorError: library or file missing, wrong content, weights that cannot be had offline.
    """
    architecture, file = _architecture(spec), _file(spec)
    if file:
        files.agreed(spec, "weights", file)
    models = import_torchvision().models
    entry = _entry(spec, models.get_model_weights(architecture))
    state = _state(spec, file or _cached(spec, entry, progress))

    from PIL import Image

    from semopt.evaluators.network import NetworkEvaluator, device_for
    from semopt.evaluators.preset import Input

    device = device_for(spec.option("device") or "auto", spec.name)
    network = _filled(spec, _built(models, architecture, entry), state)
    judge = NetworkEvaluator(spec.name, network, Input(entry.transforms()), entry.meta["categories"], device=device)
    judge.fuse(Image.radial_gradient("L").convert("RGB"))
    judge.observe([Image.new("RGB", (64, 64), (128, 128, 128))])  # damaged weights show here, not in mid-build
    return judge


def _architecture(spec: EvaluatorSpec) -> str:
    name = spec.option("model")
    if name not in TORCHVISION_MODELS:
        raise EvaluatorError(
            f"evaluator {spec.name!r}: model: expected a classification network of torchvision, found {name!r}"
        )
    return name


def _file(spec: EvaluatorSpec) -> Path | None:
    """The local file that `weights` names, or None where it names an entry of torchvision."""
    path = Path(spec.option("weights") or "DEFAULT")
    return path if path.is_absolute() else None


def _entry(spec: EvaluatorSpec, entries: Any) -> Any:
    """The weights entry that is meant; a local file is prepared for as the default entry is."""
    name = "DEFAULT" if _file(spec) else spec.option("weights") or "DEFAULT"
    if name != "DEFAULT" and name not in entries.__members__:
        known = ", ".join(["DEFAULT", *(entry.name for entry in entries)])
        raise EvaluatorError(
            f"evaluator {spec.name!r}: weights: {name!r} is no entry of {entries.__name__}; there are {known}, "
            "or the path of a file"
        )
    return entries[name]


def _cached(spec: EvaluatorSpec, entry: Any, progress: bool) -> Path:
    """The file of named weights where torch keeps it, whole; its name ends in the first digits of its hash."""
    import torch

    file: Path = Path(torch.hub.get_dir()) / "checkpoints" / entry.url.rpartition("/")[2]
    prefix = file.stem.rpartition("-")[2]
    try:
        if not (file.is_file() and files.sha256_of(file).startswith(prefix)):
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(entry.url, str(file), hash_prefix=prefix, progress=progress)
    except (OSError, RuntimeError, HTTPException) as error:
        raise EvaluatorError(
            f"evaluator {spec.name!r} needs the weights {entry} ({entry.meta['_file_size']:.0f} MB) from {entry.url}, "
            f"which could not be had ({error}); put the file at {file} by hand, or choose the evaluator 'embedded', "
            "which needs none"
        ) from error
    return file


def _state(spec: EvaluatorSpec, file: Path) -> dict[str, Any]:
    """The state dict in a file. Nothing but tensors is unpickled."""
    import torch

    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever torch's readers meet in a file that is none of theirs
        reason = str(error).partition("\n")[0]
        raise EvaluatorError(f"evaluator {spec.name!r}: {file} is no state dict of PyTorch: {reason}") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise EvaluatorError(f"evaluator {spec.name!r}: {file} holds no state dict (names with one tensor each)")
    return state


def _built(models: Any, architecture: str, entry: Any) -> Any:
    """The network with random weights; the caller's random numbers stay as they were."""
    import torch

    # What torchvision sets for these two when it loads their weights; without it the inputs are scaled otherwise.
    ported = architecture in ("googlenet", "inception_v3")
    options = {"transform_input": True, "aux_logits": True, "init_weights": False} if ported else {}
    with torch.random.fork_rng(devices=[]):
        return models.get_model(architecture, weights=None, num_classes=len(entry.meta["categories"]), **options)


def _filled(spec: EvaluatorSpec, network: Any, state: dict[str, Any]) -> Any:
    """The network with these weights, every one of them and no others."""
    _rename(state)
    try:
        fault = network.load_state_dict(state, strict=False)
        faults = [f"{key} is missing" for key in fault.missing_keys]
        faults += [f"{key} is unknown" for key in fault.unexpected_keys]
    except (RuntimeError, ValueError) as error:  # sizes that differ: one line each, below a heading
        lines = str(error).splitlines()
        faults = [line.strip().rstrip(".") for line in lines[1:] or lines]
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise EvaluatorError(
            f"evaluator {spec.name!r}: the weights do not fit {spec.option('model')}: {'; '.join(faults[:3])}{more}"
        )
    return network.eval()


def _rename(state: dict[str, Any]) -> None:
    """torchvision's DenseNet files still name their layers "norm.1", which is "norm1" since 2018.

    In place, because a state dict carries the versions of its layers in an attribute, which MNASNet asks for.
    """
    old = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
    for key in [key for key in state if old.search(key)]:
        state[old.sub(r"\1\2", key)] = state.pop(key)
