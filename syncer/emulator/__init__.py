"""The RP2040 machine: a cycle-counting core in C (`core/`) and its Python face."""

from __future__ import annotations

from syncer.emulator.machine import CLOCK_HZ, Machine
from syncer.emulator.results import Counters, RunResult, Unmapped

__all__ = ["CLOCK_HZ", "Counters", "Machine", "RunResult", "Unmapped"]
