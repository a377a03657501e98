"""What the stages of a roll hand to one another: frozen, plain, JSON-able by `dataclasses.asdict`.

Paths inside a tree or a repository are POSIX strings relative to its root; object ids are full
40-digit hexadecimal strings; sizes are bytes; times on the target are ticks (microseconds) and
cycles (of clk_sys).
"""

from syncer.model.bench import (
    BenchesResult,
    BenchResult,
    Figure,
    Kernel,
    Layer,
    LeftKernel,
    SizeMove,
    SlowPath,
)
from syncer.model.build import (
    BuildResult,
    Effect,
    Firmware,
    MemoryMap,
    Placed,
    RegionUse,
    Section,
    Tool,
    Unbuilt,
)
from syncer.model.protection import Protection
from syncer.model.rebased import (
    Changed,
    Descent,
    Notable,
    OverrideResult,
    PatchResult,
    PatchVerdict,
    Rebased,
)
from syncer.model.resolved import Move, Pin, Resolved
from syncer.model.roll import NewestGood, Proposal, PublishedItem, PublishResult, Roll, StageRecord
from syncer.model.tests import TestCase, TestChange, TestResult, TestsResult, UnneededException
from syncer.model.tree import EDITED, Origin, Program, TreeResult
from syncer.model.verdict import Verdict

__all__ = [
    "EDITED",
    "BenchResult",
    "BenchesResult",
    "BuildResult",
    "Changed",
    "Descent",
    "Effect",
    "Figure",
    "Firmware",
    "Kernel",
    "Layer",
    "LeftKernel",
    "MemoryMap",
    "Move",
    "NewestGood",
    "Notable",
    "Origin",
    "OverrideResult",
    "PatchResult",
    "PatchVerdict",
    "Pin",
    "Placed",
    "Program",
    "Proposal",
    "Protection",
    "PublishResult",
    "PublishedItem",
    "Rebased",
    "RegionUse",
    "Resolved",
    "Roll",
    "Section",
    "SizeMove",
    "SlowPath",
    "StageRecord",
    "TestCase",
    "TestChange",
    "TestResult",
    "TestsResult",
    "Tool",
    "TreeResult",
    "Unbuilt",
    "UnneededException",
    "Verdict",
]
