"""The RP2040 machine: a cycle-counting core in C (`core/`) and its Python face."""

from __future__ import annotations

from syncer.emulator.machine import Counters, Machine, RunResult, Unmapped

__all__ = ["Counters", "Machine", "RunResult", "Unmapped"]
