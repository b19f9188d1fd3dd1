"""`python -m semopt` is the same as `semopt`."""

import sys

from semopt.cli import main

if __name__ == "__main__":
    sys.exit(main())
