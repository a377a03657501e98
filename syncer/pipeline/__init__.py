"""A roll: the ordered stages, each cached by its inputs, and the record of how they went."""

from syncer.pipeline.leaving import hand_over
from syncer.pipeline.order import STAGES, Interrupted, Order, Outcome
from syncer.pipeline.recorder import Progress
from syncer.pipeline.resume import abort, go_on, run_stage, skip
from syncer.pipeline.rolling import roll

__all__ = [
    "STAGES",
    "Interrupted",
    "Order",
    "Outcome",
    "Progress",
    "abort",
    "go_on",
    "hand_over",
    "roll",
    "run_stage",
    "skip",
]
