"""`semopt completion`: a script that completes commands, options, choices, files and folders in a shell.

Written from the parser itself, as a plain script: a tool that asks Python at each Tab (argcomplete) costs its start,
0.1 s and more, and shtab, which writes scripts too, would be a dependency and knows no folders without help.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from semopt.cli import arguments
from semopt.cli.shells import SHELLS, Command, Slot

EXAMPLES = """\
  source <(semopt completion bash)                                in ~/.bashrc
  semopt completion bash > ~/.local/share/bash-completion/completions/semopt
  semopt completion zsh > ~/.zfunc/_semopt                        with fpath+=~/.zfunc before compinit
  semopt completion fish > ~/.config/fish/completions/semopt.fish
"""

FOLDERS = ("DIR", "DIST")
"""Metavars of what is a folder; other paths are files."""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "print a script that completes semopt's commands and options in a shell"
    completion = arguments.command(commands, "completion", does, EXAMPLES)
    completion.set_defaults(command=run)
    completion.add_argument("shell", choices=tuple(SHELLS), metavar="SHELL", help=", ".join(SHELLS))


def run(parsed: argparse.Namespace) -> int:
    """Print the script."""
    from semopt.cli import parser

    print(SHELLS[parsed.shell](described(parser())), end="")
    return 0


def described(parser: argparse.ArgumentParser, name: str = "semopt", does: str = "") -> Command:
    """What a shell must know of a command: its options, its arguments and the commands below it."""
    below: list[Command] = []
    options, positions = [], []
    for action in parser._actions:  # argparse has no public list of them
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            below += [described(one, key, helps.get(key, "")) for key, one in action.choices.items()]
        elif action.option_strings:
            options.append(_slot(action))
        else:
            positions.append(_slot(action))
    return Command(name, does, tuple(options), tuple(positions), tuple(below))


def _slot(action: argparse.Action) -> Slot:
    takes = action.nargs != 0
    words = tuple(map(str, action.choices)) if action.choices else _words(action)
    what = "words" if words else ""
    if takes and not words:
        path = action.type is Path or action.metavar in ("FILE", "OUT")
        what = "folders" if action.metavar in FOLDERS else "files" if path else "other"
    many = action.nargs in ("+", "*") or isinstance(action, argparse._AppendAction)
    does = action.help if action.help and action.help != argparse.SUPPRESS else ""
    return Slot(tuple(action.option_strings), does, what if takes else "", words if takes else (), many)


def _words(action: argparse.Action) -> tuple[str, ...]:
    """Words for what the parser leaves to be checked later, so that to parse imports nothing."""
    from semopt.encoders import ENCODERS
    from semopt.strategies import NAMES
    from semopt.types import BUILT_IN

    known = {
        "--strategy": tuple(name for name in NAMES if name != "skip"),
        "--format": tuple(ENCODERS),
        "--evaluator": tuple(spec.name for spec in BUILT_IN),
    }
    return next((known[one] for one in action.option_strings if one in known), ())
