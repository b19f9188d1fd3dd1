"""`semopt schema`: the JSON Schema of semopt.yaml, for editors."""

from __future__ import annotations

import argparse
import json

from semopt.cli import arguments

EXAMPLES = """\
  semopt schema > semopt.schema.json
      and as the first line of semopt.yaml, for editors that know the YAML language server:
      # yaml-language-server: $schema=semopt.schema.json
  semopt schema --path           where the installed package keeps the same file
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    schema = arguments.command(commands, "schema", "print the JSON Schema of semopt.yaml", EXAMPLES)
    schema.set_defaults(command=run)
    schema.add_argument("--markdown", action="store_true", help="print every key as a page of Markdown instead")
    schema.add_argument("--path", action="store_true", help="print the path of the schema in the package instead")


def run(parsed: argparse.Namespace) -> int:
    """Print the schema, the keys for people, or where the schema lies."""
    from semopt.config import jsonschema, reference

    if parsed.markdown:
        print(reference.markdown(), end="")
        return 0
    print(jsonschema.SHIPPED if parsed.path else json.dumps(jsonschema.generate(), indent=2))
    return 0
