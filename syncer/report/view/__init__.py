"""What a person is told about a roll, worked out of its status document and nothing else.

Texts here are plain: the renderers escape them. Backticks mark code where a docstring says so.
"""

from syncer.report.view.figures import (
    Latency,
    amount,
    benches,
    figures,
    gated,
    kernels,
    latency,
    layer_delta,
    layer_output,
    left,
    limited_by,
    nearest,
    outputs,
    over_limit,
)
from syncer.report.view.foreign import confinement, protections
from syncer.report.view.memory import Memory, memory, moved_sizes, step
from syncer.report.view.queue import conflicts, effects, gone, overrides, patches, tally
from syncer.report.view.summary import remarks, summary
from syncer.report.view.tests import (
    excepted_tests,
    failed_tests,
    lost_tests,
    test_changes,
    tests,
    tests_tally,
    unbuilt_tests,
    unneeded_exceptions,
)
from syncer.report.view.upstream import advance, reach, short, upstream_move
from syncer.report.view.verdict import ASKS, GOOD, headline, next_step, partial, symbol

__all__ = [
    "ASKS",
    "GOOD",
    "Latency",
    "Memory",
    "advance",
    "amount",
    "benches",
    "confinement",
    "conflicts",
    "effects",
    "excepted_tests",
    "failed_tests",
    "figures",
    "gated",
    "gone",
    "headline",
    "kernels",
    "latency",
    "layer_delta",
    "layer_output",
    "left",
    "limited_by",
    "lost_tests",
    "memory",
    "moved_sizes",
    "nearest",
    "next_step",
    "outputs",
    "over_limit",
    "overrides",
    "partial",
    "patches",
    "protections",
    "reach",
    "remarks",
    "short",
    "step",
    "summary",
    "symbol",
    "tally",
    "test_changes",
    "tests",
    "tests_tally",
    "unbuilt_tests",
    "unneeded_exceptions",
    "upstream_move",
]
