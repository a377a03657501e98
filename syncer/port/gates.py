"""[gates] of port.toml: how much worse figures may be."""

from __future__ import annotations

from dataclasses import field

from pydantic.dataclasses import dataclass

from syncer.port.words import CLOSED, Natural, Percent


@dataclass(frozen=True, config=CLOSED)
class Limit:
    """Over the limit is what exceeds the accepted figure, or the anchor's, by more than both."""

    percent: Percent = 0.0
    bytes: Natural = 0


@dataclass(frozen=True, config=CLOSED)
class ModelGates:
    """A model's own limits in place of the general ones. `layers` maps a layer, "26/CONV_2D", or
    an operator, for all its layers, to a limit in cycles; layers not named there are not gated."""

    cycles: Limit | None = None
    memory: Limit | None = None
    layers: dict[str, Limit] = field(default_factory=dict)


@dataclass(frozen=True, config=CLOSED)
class Gates:
    """How much worse figures may be. `model` maps the name of a [[benchmark]] to its own."""

    cycles: Limit = Limit(percent=2.0)
    memory: Limit = Limit(percent=1.0, bytes=256)
    model: dict[str, ModelGates] = field(default_factory=dict)

    def cycles_of(self, model: str) -> Limit:
        own = self.model.get(model)
        return (own and own.cycles) or self.cycles

    def memory_of(self, model: str) -> Limit:
        own = self.model.get(model)
        return (own and own.memory) or self.memory

    def layer_of(self, model: str, layer: str) -> Limit | None:
        """The limit of a layer, "26/CONV_2D"; None: it is not gated."""
        own = self.model.get(model)
        named = own.layers if own else {}
        return named.get(layer) or named.get(layer.partition("/")[2])
