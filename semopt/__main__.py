"""The process: `python -m semopt` is the same as `semopt`."""

import gc
import os
import sys
from typing import NoReturn

from semopt.cli import main

SELDOM = 1_000_000, 20, 20
"""When garbage is looked for: plan and books are millions of records that hold no circles, and looking through them
again and again took a third of a build of 100,000 images with nothing to do. With 200,000 it still takes 0.4 s."""


def command() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(*SELDOM)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a search's matrices are small: threads only wait on each other
    code = main()
    gc.freeze()  # what is left ends with the process: else 0.4 s, where torch was loaded, go into taking it apart
    sys.exit(code)


if __name__ == "__main__":
    command()
