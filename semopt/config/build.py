"""From what was read to records: defaults filled in, and what only several keys together can tell, checked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from semopt.config.faults import advise, show
from semopt.config.names import ALL, UNLABELLED, Names
from semopt.config.paths import is_file
from semopt.config.schema import KEEP
from semopt.config.shapes import Section
from semopt.remote.urls import mirror_of
from semopt.state import STATE
from semopt.types import BUILT_IN, Config, EvaluatorSpec, Keep, Limits, Rule, Settings

FAMILIES = "family_height"
"""Among a judge's figures it says that its classes may be ImageNet's, so that it can answer for a family."""
_NEEDS = {
    "label": "classes",
    FAMILIES: "classes of ImageNet",
    "kept": "probabilities",
    "kl": "probabilities",
    "cer": "a recogniser of text",
}
_PLAIN = (
    "strategy",
    "formats",
    "write",
    "metadata",
    "background",
    "widths",
    "min_width",
    "max_width",
    "seed",
    "serve",
    "placeholder",
)
_CLASSES = ("resize", "jpeg")  # strategies that go by the top class
_UNCONFIRMED = ("visual", "lossless", "skip", *_CLASSES)  # and those that ask no judges, or go by the top class alone

Figures = Mapping[str, frozenset[str]]
"""By judge: the fields of Keep that it can answer."""


def config(top: Section, empty: Config, names: Names) -> Config:
    """The empty config, filled. Faults found on the way are reported at the places of the section."""
    values = top.values
    specs = (*BUILT_IN, *(_specs(values["evaluators"], empty.root, names) if "evaluators" in values else ()))
    figures = {spec.name: _figures(spec, names) for spec in specs}
    judges = _judges(top, Settings().evaluators)
    tree, cache = _tree(empty, values.get("assets", empty.assets)), values.get("cache")
    return replace(
        tree,
        rules=tuple(_rule(section, judges, figures, names) for section in values.get("rules", ())),
        default=Rule("default", ("**",), Settings(evaluators=judges or ())),
        evaluators=specs,
        exclude=values.get("exclude", ()),
        limits=_limits(values.get("limits")),
        output=values.get("output", empty.output),
        cache=cache if isinstance(cache, Path) else tree.cache,
        shared=cache if isinstance(cache, str) else None,
        spend=tuple(sorted(values.get("spend", {}).items())),
        executor=values.get("executor", empty.executor),
    )


def _tree(empty: Config, assets: Path | str) -> Config:
    """The config of a tree; one at a URL is built in a mirror, with a cache that other trees of the config share."""
    if isinstance(assets, Path):
        return replace(empty, assets=assets)
    home = mirror_of(empty.root, assets)
    return replace(empty, root=home, assets=home, remote=assets, cache=empty.root / STATE / "cache")


def _figures(spec: EvaluatorSpec, names: Names) -> frozenset[str]:
    """The fields of Keep that a judge can answer: what it says of itself, else what its kind says.

    One whose classes would be named in a file, and are not, numbers them; numbers have no family.
    """
    known = names.figures.get(spec.kind, ALL)
    file = getattr(names.options.get(spec.kind, {}).get("labels"), "sort", "") == "path"
    if file:
        return known if spec.option("labels") else known - {FAMILIES}
    return {"true": ALL, "false": UNLABELLED}.get(spec.option("labels") or "", known)


def _specs(section: Section, root: Path, names: Names) -> Iterator[EvaluatorSpec]:
    """The judges that are declared."""
    for name, declared in section.named.items():
        if name in {spec.name for spec in BUILT_IN}:
            section.places[name].fault("is built in and need not be declared; remove it, or choose another name")
        elif name in KEEP:
            section.places[name].fault("has a meaning of its own under 'keep'; choose another name")
        elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
            section.places[name].fault(
                "is not a name for an evaluator; use letters and digits, then also '-', '_' and '.'"
            )
        if "kind" in declared.values:
            keys = names.options.get(declared.values["kind"], {})
            folders = {key: str(root) for key, option in keys.items() if getattr(option, "sort", "") == "folder"}
            yield _spec(name, declared, folders)


def _spec(name: str, section: Section, folders: Mapping[str, str]) -> EvaluatorSpec:
    """One judge, its options sorted so that their order in the file does not matter."""
    options = {**folders, **{key: _text(value) for key, value in section.values.items() if key != "kind"}}
    wrong = any(key in section.places and key not in options for key in ("weights", "path"))
    if "sha256" in options and not wrong and not is_file(options.get("weights", options.get("path", ""))):
        section.places["sha256"].fault("is for a file only; write its path as 'weights', or remove this")
    return EvaluatorSpec(name, section.values["kind"], tuple(sorted(options.items())))


def _text(value: Any) -> str:
    """The value of an option; what is more than one word, as JSON."""
    if isinstance(value, (str, Path)):
        return str(value)
    plain = value.named if isinstance(value, Section) else value
    return json.dumps(plain, sort_keys=True, default=str)


def _judges(section: Section, default: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The judges that are asked, None where they were wrong."""
    return section.values.get("evaluator") if "evaluator" in section.places else default


def _limits(section: Section | None) -> Limits:
    """The limits, without those of a later version."""
    values = section.values if section else {}
    return Limits(**{key: value for key, value in values.items() if key in Limits.__slots__})


def _rule(section: Section, default: tuple[str, ...] | None, figures: Figures, names: Names) -> Rule:
    """One rule, named after its place in the list."""
    values = section.values
    judges = _judges(section, default)
    confirm = _confirm(section, judges)
    _usable(section, names)
    _widths(section)
    _served(section)
    _classes(section, judges, figures)
    settings = Settings(
        evaluators=judges or (),
        confirm=confirm,
        agree=_agree(section, judges),
        keep=_keep(values["keep"], (*judges, *confirm), figures) if "keep" in values and judges else (),
        floor=tuple(sorted(values["floor"].values.items())) if "floor" in values else (),
        **{key: values[key] for key in _PLAIN if key in values},
    )
    return Rule(section.place.path, values.get("match", ()), settings, section.place.node.line)


def _usable(section: Section, names: Names) -> None:
    """Report formats that the rule's strategy can do nothing with, rather than pass over them."""
    strategy = section.values.get("strategy", "")
    usable = names.usable.get(strategy)
    idle = [name for name in section.values.get("formats", ()) if usable and name not in usable]
    if usable and idle:
        choices = ", ".join(map(show, usable))
        section.places["formats"].fault(f"{show(strategy)} has no use for {show(idle[0])}; choose from {choices}")


def _widths(section: Section) -> None:
    """Report widths that contradict each other or the strategy."""
    values = section.values
    strategy = values.get("strategy")
    if "widths" in values and strategy in ("semantic", *_CLASSES):
        section.places["widths"].fault(f"{show(strategy)} chooses its own size; use 'max_width' instead")
    if values.get("min_width", 0) > values.get("max_width", values.get("min_width", 0)):
        section.places["min_width"].fault(f"is above 'max_width' ({values['max_width']})")


def _served(section: Section) -> None:
    """Report that a variant is to be served which the rule does not make."""
    strategy = section.values.get("strategy")
    if section.values.get("serve") == "semantic" and strategy != "semantic":
        section.places["serve"].fault(
            f"is for 'strategy: semantic' only, found {show(strategy) if strategy else 'no strategy'}; add that, or "
            "remove this, for other strategies' variants are for people anyway"
        )


def _classes(section: Section, judges: tuple[str, ...] | None, figures: Figures) -> None:
    """Report a strategy that goes by the top class where no judge of the rule has one."""
    strategy = section.values.get("strategy")
    if strategy in _CLASSES and judges and not any("label" in figures.get(judge, ALL) for judge in judges):
        asked = ", ".join(map(show, judges))
        section.places["strategy"].fault(
            f"{show(strategy)} needs a judge with classes, found only {asked}; add one of kind torchvision"
        )


def _confirm(section: Section, judges: tuple[str, ...] | None) -> tuple[str, ...]:
    """The judges that confirm. Reports those that search as well, and a strategy that has nothing to confirm."""
    named: tuple[str, ...] = section.values.get("confirm", ())
    strategy = section.values.get("strategy")
    twice = [name for name in named if name in (judges or ())]
    if twice:
        section.places["confirm"].fault(
            f"{show(twice[0])} takes part in the search already; name a judge that does not"
        )
    elif named and strategy in _UNCONFIRMED:
        section.places["confirm"].fault(
            f"{show(strategy)} has no use for it; remove it, or choose 'semantic' or 'both'"
        )
    return named


def _agree(section: Section, judges: tuple[str, ...] | None) -> int | None:
    """How many judges must agree; None stands for all."""
    number = section.values.get("agree", "all")
    if number == "all":
        return None
    if judges and number > len(judges):
        most = f"'all' or a number from 1 to {len(judges)}" if len(judges) > 1 else "'all' or 1"
        section.places["agree"].wrong(f"{most}, as this rule asks {', '.join(map(show, judges))}")
    return int(number)


def _keep(section: Section, judges: tuple[str, ...], figures: Figures) -> tuple[tuple[str, Keep], ...]:
    """What must survive: "*" for the judges that are not named, except those that cannot answer all of it."""
    rest = [judge for judge in judges if judge not in section.named]
    for one in (section, *section.named.values()):
        _height(one)
    keep = dict(_named(section, judges, figures))
    if section.values:
        _answerable(section, rest, figures)
        keep["*"] = Keep(**section.values)
    for judge in rest:
        known = figures.get(judge, ALL)
        answered = {field: value for field, value in section.values.items() if _figure(field, value) in known}
        if answered != section.values:
            keep[judge] = Keep(**answered)
    return tuple(sorted(keep.items()))


def _named(section: Section, judges: tuple[str, ...], figures: Figures) -> Iterator[tuple[str, Keep]]:
    """What must survive in the eyes of the judges that are named."""
    for name, own in section.named.items():
        if name in judges:
            _answerable(own, [name], figures)
        elif name in figures:
            asked = ", ".join(map(show, judges))
            section.places[name].fault(f"is not a judge of this rule, which asks {asked}; add it to 'evaluator'")
        else:
            section.places[name].fault(f"is not an evaluator{advise(name, judges)}")
        yield name, Keep(**own.values)


def _answerable(section: Section, judges: Iterable[str], figures: Figures) -> None:
    """Report each field that none of the judges has a figure for; a height goes with its label."""
    judges = list(judges)
    for field, value in section.values.items():
        figure = _figure(field, value)
        if field != FAMILIES and not any(figure in figures.get(judge, ALL) for judge in judges):
            what, asked = _NEEDS.get(figure, "this figure"), ", ".join(map(show, judges)) or "no other judge"
            advice = "add 'text' to evaluator" if field == "cer" else "add one of kind torchvision"
            section.places[field].fault(f"needs a judge with {what}, found only {asked}; {advice}")


def _figure(field: str, value: Any) -> str:
    """What a judge must be able to answer for a field of Keep."""
    return FAMILIES if (field, value) == ("label", "family") else field


def _height(section: Section) -> None:
    """Report a height that nothing is measured by."""
    if FAMILIES in section.values and section.values.get("label") != "family" and "label" not in _wrong(section):
        section.places[FAMILIES].fault("is for 'label: family' only; add that, or remove this")


def _wrong(section: Section) -> set[str]:
    """The keys that were reported already."""
    return {key for key in section.places if key not in section.values and key not in section.named}
