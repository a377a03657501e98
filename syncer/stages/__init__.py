"""The bodies of the stages where modules that may not know one another meet. Only pipeline/, and
`sync accept`, call them; each is a function of its inputs to a frozen result.

Most rolls find nothing to do, so what makes a tree, builds and measures is not among these names:
`generation`, `building` and `firmware`, and the libraries that read templates, images and ELF
files, are imported once there is something to do.
"""

from syncer.stages.acceptance import changed_files, next_lock, pending_files
from syncer.stages.blame import blamed
from syncer.stages.conflicts import (
    abandon,
    forget_written,
    open_worktrees,
    pending_texts,
    put_aside,
    take_resolutions,
)
from syncer.stages.gates import check_benches, is_only_over
from syncer.stages.lost import check_carried, check_effects
from syncer.stages.parcel import (
    BUNDLES,
    bundle_file,
    changed_places,
    discard,
    known_places,
    leave,
    port_files,
)
from syncer.stages.queue import blobs_for_rebase, check_folders, check_rebase, rebase
from syncer.stages.since import Since
from syncer.stages.tests import (
    check_build,
    check_exceptions,
    check_tests,
    judge_tests,
    test,
    unexcepted,
)

__all__ = [
    "BUNDLES",
    "Since",
    "abandon",
    "blamed",
    "blobs_for_rebase",
    "bundle_file",
    "changed_files",
    "changed_places",
    "check_benches",
    "check_build",
    "check_carried",
    "check_effects",
    "check_exceptions",
    "check_folders",
    "check_rebase",
    "check_tests",
    "discard",
    "forget_written",
    "is_only_over",
    "judge_tests",
    "known_places",
    "leave",
    "next_lock",
    "open_worktrees",
    "pending_files",
    "pending_texts",
    "port_files",
    "put_aside",
    "rebase",
    "take_resolutions",
    "test",
    "unexcepted",
]
