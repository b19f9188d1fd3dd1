"""semopt as it is where it was installed: with its modules compiled, which pip does and a checkout may be forbidden."""

from __future__ import annotations

import compileall
from pathlib import Path

import semopt


def compiled() -> None:
    """Compile the package's modules, so that no process that is timed does; peers' were compiled by their installer."""
    compileall.compile_dir(Path(semopt.__file__).parent, quiet=1)
