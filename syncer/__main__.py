"""python -m syncer: the same as `tflm-sync`."""

import sys

from syncer.cli import ours

sys.exit(ours(sys.argv[1:]))
