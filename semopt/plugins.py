"""Tables that other packages add to through entry points, looked up only when a name is not built in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from semopt.types import PluginError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class Registry(dict[str, T]):
    """Built-in entries, which nothing replaces, and those of the entry point group `semopt.<what>`.

    An entry point names a value, or a class to be called without arguments. `registry[name]` loads a plugin that was
    not loaded before; iteration sees those loaded. protocol: its members are what every entry must have. Raises
    KeyError where nobody offers the name, PluginError where it cannot be had.
    """

    def __init__(self, what: str, protocol: type, built_in: Mapping[str, T]) -> None:
        super().__init__(built_in)
        self.group = f"semopt.{what}"
        self.built_in = tuple(built_in)
        self._members = sorted(name for name in {*vars(protocol), *protocol.__annotations__} if name[0] != "_")

    def __missing__(self, name: str) -> T:
        if name not in self._offered:
            raise KeyError(name)
        self[name] = made = self._loaded(name)
        return made

    def names(self) -> tuple[str, ...]:
        """Every name, the built-in ones first; loads no plugin."""
        return (*self.built_in, *sorted({*self, *self._offered} - {*self.built_in}))

    def load(self, names: Collection[str]) -> dict[str, str]:
        """Load those of the names that plugins offer, in an order of its own; a sentence for each that is broken."""
        broken = {}
        for name in sorted({*names} - {*self}):
            try:
                self[name]
            except KeyError:
                continue
            except PluginError as error:
                broken[name] = str(error)
        return broken

    @cached_property
    def _offered(self) -> Mapping[str, list[EntryPoint]]:
        from importlib.metadata import entry_points

        found: dict[str, list[EntryPoint]] = {}
        for entry in entry_points(group=self.group):
            if entry.name not in self.built_in:
                found.setdefault(entry.name, []).append(entry)
        return found

    def _loaded(self, name: str) -> T:
        (entry, *others), what = self._offered[name], f"{name!r} of {self.group}"
        package = _package(entry)
        if {_package(other) for other in others} - {package}:
            both = " and ".join(sorted({_package(one) for one in (entry, *others)}))
            raise PluginError(f"{what} is offered by {both}; uninstall all but one")
        try:
            found = entry.load()
            made: T = found() if isinstance(found, type) else found
        except Exception as error:  # whatever the code of another package raises
            raise PluginError(
                f"{what}, from the package {package}, cannot be loaded ({type(error).__name__}: {error}); "
                "mend or uninstall that package"
            ) from error
        if getattr(made, "name", name) != name:
            raise PluginError(f"{what}, from the package {package}, calls itself {made.name!r}; mend that package")  # type: ignore[attr-defined]
        if missing := [member for member in self._members if not hasattr(made, member)]:
            raise PluginError(
                f"{what}, from the package {package}, lacks {', '.join(missing)}; mend or uninstall that package"
            )
        return made


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module
