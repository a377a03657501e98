"""python -m syncer: the same as `tflm-sync`."""

import sys

from syncer.cli.app import run

sys.exit(run(sys.argv[1:]))
