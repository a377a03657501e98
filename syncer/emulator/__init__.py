"""The RP2040 machine: a cycle-counting core in C (`core/`) and its Python face."""

from __future__ import annotations

from syncer.emulator.machine import Machine
from syncer.emulator.results import Counters, RunResult, Unmapped

__all__ = ["Counters", "Machine", "RunResult", "Unmapped"]
