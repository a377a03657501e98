"""A roll: the ordered stages, each cached by its inputs, and the record of how they went."""

from syncer.pipeline.recorder import Progress
from syncer.pipeline.rolling import STAGES, Order, Outcome, roll

__all__ = ["STAGES", "Order", "Outcome", "Progress", "roll"]
