"""The completion scripts of bash, zsh and fish, written from a description of the commands."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """An option or an argument. names: of an option, none for an argument. does: a clause.

    what: "words", "files", "folders" or "other" for its value, empty where it takes none. many: may be repeated.
    """

    names: tuple[str, ...]
    does: str
    what: str = ""
    words: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A command, what it takes, and the commands below it."""

    name: str
    does: str
    options: tuple[Slot, ...] = ()
    positions: tuple[Slot, ...] = ()
    below: tuple[Command, ...] = ()

    def all(self, path: str = "") -> Iterator[tuple[str, Command]]:
        """Every command below with its path, words apart by blanks; first the whole itself, whose path is empty."""
        yield path, self
        for one in self.below:
            yield from one.all(f"{path} {one.name}".strip())


def bash(root: Command) -> str:
    """For bash from 3.2, as macOS has it; needs no package of completions."""
    commands = "|".join(f'"{path}"' for path, _ in root.all() if path)
    return BASH.replace("@COMMANDS@", commands).replace("@CASES@", "\n".join(_bash_cases(root)))


def _bash_cases(root: Command) -> Iterator[str]:
    for path, one in root.all():
        for option in one.options:
            if option.what:
                names = "|".join(f'"{path}:{name}"' for name in option.names)
                yield f"        {names}) _semopt_offer {option.what} {shlex.join([' '.join(option.words)])}; return ;;"
        words = " ".join(name for option in one.options for name in option.names)
        yield f'        "{path}:"*) options={shlex.quote(words)}'
        if one.below:
            yield f"            _semopt_either words {shlex.quote(' '.join(sub.name for sub in one.below))} ;;"
        elif one.positions:
            # One after the other would need a count of words that are no options; all of semopt's take one sort.
            first = one.positions[0]
            yield f"            _semopt_either {first.what} {shlex.quote(' '.join(first.words))} ;;"
        else:
            yield "            _semopt_either words '' ;;"


BASH = """\
# Completion of semopt for bash, printed by `semopt completion bash`.

_semopt_offer() {  # words|files|folders|other, and the words
    local one
    COMPREPLY=()
    case $1 in
        words) while IFS= read -r one; do COMPREPLY+=("$one"); done < <(compgen -W "$2" -- "$current") ;;
        files) compopt -o filenames 2> /dev/null
            while IFS= read -r one; do COMPREPLY+=("$one"); done < <(compgen -f -- "$current") ;;
        folders) compopt -o filenames 2> /dev/null
            while IFS= read -r one; do COMPREPLY+=("$one"); done < <(compgen -d -- "$current") ;;
    esac
}

_semopt_either() {  # options where a dash was written, else as above
    if [[ $current == -* ]]; then _semopt_offer words "$options"; else _semopt_offer "$@"; fi
}

_semopt() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command="" options="" place
    if [[ $current == "=" ]]; then
        current=""
    elif [[ $before == "=" ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((place = 1; place < COMP_CWORD; place++)); do
        case "${command:+$command }${COMP_WORDS[place]}" in
            @COMMANDS@) command="${command:+$command }${COMP_WORDS[place]}" ;;
        esac
    done
    COMPREPLY=()
    case "$command:$before" in
@CASES@
    esac
}

complete -F _semopt semopt
"""


def zsh(root: Command) -> str:
    """For zsh, in a file of the fpath or sourced after compinit."""
    functions = "\n\n".join(_zsh_function(path, one) for path, one in reversed(list(root.all())))
    return (
        f"#compdef semopt\n# Completion of semopt for zsh, printed by `semopt completion zsh`.\n\n{functions}\n\n{ZSH}"
    )


ZSH = """\
if [ "$funcstack[1]" = "_semopt" ]; then
    _semopt "$@"
else
    compdef _semopt semopt
fi
"""

ZSH_ACTIONS = {"files": "_files", "folders": "_files -/", "other": " "}


def _zsh_function(path: str, one: Command) -> str:
    name = "_semopt" + "".join(f"_{word}" for word in path.split())
    specs = [shlex.quote(spec) for option in one.options for spec in _zsh_option(option)]
    if not one.below:
        specs += [shlex.quote(_zsh_position(slot)) for slot in one.positions]
        return f"{name}() {{\n    _arguments -s " + " \\\n        ".join(specs) + "\n}"
    subs = "\n".join(f"        {shlex.quote(f'{sub.name}:{_plain(sub.does)}')}" for sub in one.below)
    cases = "\n".join(f"        {sub.name}) {name}_{sub.name} ;;" for sub in one.below)
    return f"""{name}() {{
    local curcontext="$curcontext" state line ret=1
    local -a commands
    commands=(
{subs}
    )
    _arguments -C {" ".join(specs)} '1:command:->command' '*::argument:->argument' && ret=0
    case $state in
    command) _describe -t commands 'semopt command' commands && ret=0 ;;
    argument)
        case $line[1] in
{cases}
        esac ;;
    esac
    return ret
}}"""


def _zsh_option(option: Slot) -> Iterator[str]:
    apart = "" if option.many else f"({' '.join(option.names)})"
    for name in option.names:
        start = f"{apart or '*'}{name}{'=' if option.what and name.startswith('--') else ''}[{_plain(option.does)}]"
        yield f"{start}:{option.what}:{_zsh_action(option)}" if option.what else start


def _zsh_position(slot: Slot) -> str:
    return f"{'*' if slot.many else ''}:{slot.what}:{_zsh_action(slot)}"


def _zsh_action(slot: Slot) -> str:
    return f"({' '.join(slot.words)})" if slot.words else ZSH_ACTIONS[slot.what]


def _plain(text: str) -> str:
    """A clause without what has a meaning in zsh's descriptions."""
    for mark, instead in ((":", " -"), ("[", "("), ("]", ")"), ("\\", ""), ("`", ""), ("\n", " ")):
        text = text.replace(mark, instead)
    return text


def fish(root: Command) -> str:
    """For fish."""
    return "\n".join(["# Completion of semopt for fish, printed by `semopt completion fish`.", "", *_fish(root), ""])


def _fish(root: Command) -> Iterator[str]:
    yield "complete -c semopt -f"
    for path, one in root.all():
        when = _fish_when(path, one)
        for sub in one.below:
            yield f"complete -c semopt {when} -a {sub.name} -d {_fish_quoted(sub.does)}"
        for option in one.options:
            names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            value = f" {_fish_value(option)}" if option.what else ""
            yield f"complete -c semopt {when} {names}{value} -d {_fish_quoted(option.does)}"
        for slot in one.positions[:1]:
            yield f"complete -c semopt {when} {_fish_value(slot, argument=True)}"


def _fish_when(path: str, one: Command) -> str:
    """The condition: all words of the path were seen, and none of the commands below."""
    seen = [f"__fish_seen_subcommand_from {word}" for word in path.split()]
    none = [f"not __fish_seen_subcommand_from {' '.join(sub.name for sub in one.below)}"] if one.below else []
    return f"-n '{'; and '.join([*seen, *none])}'"


def _fish_value(slot: Slot, argument: bool = False) -> str:
    if slot.what == "files":
        return "-F" if argument else "-r -F"
    words = "(__fish_complete_directories)" if slot.what == "folders" else " ".join(slot.words)
    start = "" if argument else "-x "
    return f"{start}-a {_fish_quoted(words)}" if words else "-x"


def _fish_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


SHELLS: dict[str, Callable[[Command], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
