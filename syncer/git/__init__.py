"""The only caller of git.

Commands go through GitPython's command layer in a scrubbed environment: no `GIT_*` variable of the
caller, no system or user configuration, no hook, filter, external diff or merge driver, signer,
prompt or background job. A repository is addressed by its git directory, which is also the
child's working directory, so that nothing depends on where `sync` was started and no work tree's
attributes are read. Nothing reaches the network but `fetch`, `fetch_missing`, `ls_remote` and
`push`: every other command runs with all transports refused, lazy fetches of a partial clone
included.

Object ids are full 40-digit hexadecimal strings. Paths are POSIX strings relative to a tree's root;
bytes that are not UTF-8 are kept as surrogate escapes.
"""

from syncer.git.command import MINIMUM, PROTOCOLS, GitError, ls_remote, redact
from syncer.git.features import features
from syncer.git.history import Touch, moved_to, touches, turning_point
from syncer.git.identity import identity
from syncer.git.listing import Files
from syncer.git.mend import mend_bare
from syncer.git.objects import BLOB_MODES, NO_BLOB, Change, Entry, MergeResult, Stage, blob_id
from syncer.git.paths import check_path, check_paths
from syncer.git.quarantine import quarantine
from syncer.git.repository import Repository, init_bare, init_worktree
from syncer.git.sending import Rejected, push, read_bundle, write_bundle
from syncer.git.writer import TreeWriter

__all__ = [
    "BLOB_MODES",
    "MINIMUM",
    "NO_BLOB",
    "PROTOCOLS",
    "Change",
    "Entry",
    "Files",
    "GitError",
    "MergeResult",
    "Rejected",
    "Repository",
    "Stage",
    "Touch",
    "TreeWriter",
    "blob_id",
    "check_path",
    "check_paths",
    "features",
    "identity",
    "init_bare",
    "init_worktree",
    "ls_remote",
    "mend_bare",
    "moved_to",
    "push",
    "quarantine",
    "read_bundle",
    "redact",
    "touches",
    "turning_point",
    "write_bundle",
]
