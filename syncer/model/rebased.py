"""What becomes of patches and overrides."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class PatchVerdict(StrEnum):
    CLEAN = "clean"
    MERGED = "merged"
    ABSORBED = "absorbed"
    DROPPED = "dropped"
    EMPTIED = "emptied"
    RESOLVED = "resolved"
    SKIPPED = "skipped"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class PatchResult:
    """One patch of the queue after the rebase. `refreshed` is the patch file's new text when it
    must change (new blob ids, moved lines), else None. `conflicts` are paths. `resolution` is the
    recorded one that was replayed, "component/file" in the folder of resolutions."""

    component: str
    file: str
    subject: str
    verdict: PatchVerdict
    paths: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    reason: str = ""
    refreshed: str | None = None
    resolution: str = ""


@dataclass(frozen=True)
class OverrideResult:
    """One whole-file override. `shadowed` is the upstream blob the override was written against,
    `found` the blob upstream has now (None: the file is gone)."""

    component: str
    path: str
    source: str
    shadowed: str
    found: str | None

    @property
    def drifted(self) -> bool:
        return self.shadowed != self.found


@dataclass(frozen=True)
class Notable:
    """An upstream commit between the accepted one and this roll's that touches `paths`, which the
    port's files `by` (patches by their file's name, overrides by their source) change or shadow.
    `date` is YYYY-MM-DD; `gained` is False for one that only the accepted commit has."""

    component: str
    commit: str
    date: str
    subject: str
    paths: tuple[str, ...]
    by: tuple[str, ...]
    gained: bool = True


@dataclass(frozen=True)
class Descent:
    """A patch between the accepted roll and this one, as git range-diff tells it: `mark` is "="
    (the same), "!" (changed), "<" (no more) or ">" (new); `text` is how it changed."""

    component: str
    mark: str
    subject: str
    text: str = ""


@dataclass(frozen=True)
class Rebased:
    """`trees` maps a component's name (upstream's too) to the git tree that the queue and the
    overrides leave; the tree lies in that component's bare clone. `carried` maps each patch that
    stays ("component/file") and each override ("component:path") to the blob of the port's file;
    `gone` are those that the lock has, the port has no more, and upstream has not absorbed;
    `notable` the upstream commits under patches and overrides, nearest to the new one first;
    `lineage` compares the queue with the accepted one, where a clone has both."""

    trees: dict[str, str]
    patches: tuple[PatchResult, ...] = ()
    overrides: tuple[OverrideResult, ...] = ()
    carried: dict[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    notable: tuple[Notable, ...] = ()
    lineage: tuple[Descent, ...] = ()


@dataclass(frozen=True)
class Changed:
    """A file of a component's that patches or an override change. `by` are the port's own files:
    patches, or the override's source; `place` is where it belongs in the generated tree; `code`
    says whether it is a source or a header."""

    component: str
    path: str
    by: tuple[str, ...]
    place: str
    override: bool = False
    code: bool = True
