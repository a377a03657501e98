"""The bodies of the stages where modules that may not know one another meet. Only pipeline/, and
`sync accept`, call them; each is a function of its inputs to a frozen result.
"""

from syncer.stages.acceptance import changed_files, next_lock
from syncer.stages.blame import blamed
from syncer.stages.firmware import bench, check_benches, check_tests, test
from syncer.stages.queue import blobs_for_rebase, check_folders, check_rebase, rebase
from syncer.stages.since import Since

__all__ = [
    "Since",
    "bench",
    "blamed",
    "blobs_for_rebase",
    "changed_files",
    "check_benches",
    "check_folders",
    "check_rebase",
    "check_tests",
    "next_lock",
    "rebase",
    "test",
]
