"""`python -m tapelint`."""

import sys

from tapelint.cli import process

if __name__ == "__main__":
    sys.exit(process())
