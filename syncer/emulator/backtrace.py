"""Who called what on a stopped core: by .debug_frame where there is one, else by the stack's words
that look like return addresses."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncer.emulator.debuginfo import DebugInfo
from syncer.emulator.symbols import ROM_END, Symbols

MOST_FRAMES = 16
_MOST_SCANNED = 4096  # words of a stack; the Pico SDK's are 512
_SP, _LR, _PC = 13, 14, 15
_EXC_RETURN = 0xFFFFFFF0
_ON_PSP = 0xFFFFFFFD
_FELL_THROUGH = 0x400  # how far assembly goes on behind the label that was called

_ROM_CALLERS = ("_", "mem", "rom_")

Read = Callable[[int, int], bytes | None]  # address and size; None: not all of it is memory


@dataclass(frozen=True)
class Frame:
    """One function under way. `address` is the next instruction: in the innermost frame and where
    an exception came in between, it was about to run; else it is where a call returns to."""

    address: int
    called: bool  # it is in a call
    guessed: bool  # found by its looks

    @property
    def inside(self) -> int:
        """An address within the instruction that is under way."""
        return self.address - 1 if self.called else self.address


@dataclass(frozen=True)
class _State:
    frame: Frame
    registers: Mapping[int, int]  # those that are known; r14 only before anything was called
    skip: int | None = None  # a return address taken from lr, of which the stack may have a copy


class Backtrace:
    """Makes backtraces in one machine's memory."""

    def __init__(self, read: Read, symbols: Symbols, info: DebugInfo) -> None:
        self._read = read
        self._symbols = symbols
        self._info = info
        # Without a symbol table only the boot ROM has a name.
        self._named = len(symbols.functions) > 1

    def frames(self, registers: Mapping[str, int], pc: int | None = None) -> tuple[Frame, ...]:
        """The innermost MOST_FRAMES and one more if there are more.

        Args:
            registers: as Machine.registers gives them.
            pc: where the core is, if not at its pc.
        """
        known = {n: registers[f"r{n}"] for n in range(13)}
        known |= {_SP: registers["sp"], _LR: registers["lr"]}
        psp = registers["psp"]
        state: _State | None = _State(
            Frame(registers["pc"] if pc is None else pc, False, False), known
        )
        found: list[Frame] = []
        while state is not None and len(found) <= MOST_FRAMES:
            found.append(state.frame)
            if len(found) > 1 and state.frame.address < ROM_END <= found[-2].address:
                break  # from there core 1 was started
            below = state.registers.get(_SP, 0)
            state = self._by_debug_frame(state, psp) or self._by_looks(state, psp)
            # A stack that does not grow would be walked for ever.
            if state is not None and state.registers.get(_SP, 0) < below and below != psp:
                break
        return tuple(found)

    def _word(self, address: int) -> int | None:
        data = self._read(address & 0xFFFFFFFF, 4)
        return None if data is None else int.from_bytes(data, "little")

    def _by_debug_frame(self, state: _State, psp: int) -> _State | None:
        how = self._info.call_frame(state.frame.inside)
        base = state.registers.get(how.register) if how else None
        if how is None or base is None:
            return None
        frame_address = base + how.offset
        registers = dict(state.registers)
        for number, offset in how.saved.items():
            value = None if offset is None else self._word(frame_address + offset)
            registers.pop(number, None)
            if value is not None:
                registers[number] = value
        registers[_SP] = frame_address
        back = registers.pop(_LR, None)
        if back is None:
            return None
        if back >= _EXC_RETURN:
            return self._interrupted(back, frame_address, psp, state.frame.guessed)
        if not back & 1 or self._read(back & ~1, 2) is None:
            return None
        return _State(Frame(back & ~1, True, state.frame.guessed), registers)

    def _interrupted(self, back: int, stack: int, psp: int, guessed: bool) -> _State | None:
        """What an exception interrupted, by its eight words (ARMv6-M ARM B1.5.6)."""
        at = psp if back == _ON_PSP else stack
        data = self._read(at, 32)
        if data is None:
            return None
        r0, r1, r2, r3, r12, lr, pc, xpsr = struct.unpack("<8I", data)
        if pc & 1 or not xpsr & 1 << 24 or self._read(pc, 2) is None:
            return None
        registers = {0: r0, 1: r1, 2: r2, 3: r3, 12: r12, _LR: lr}
        registers[_SP] = at + 32 + (4 if xpsr & 1 << 9 else 0)
        return _State(Frame(pc, False, guessed), registers)

    def _by_looks(self, state: _State, psp: int) -> _State | None:
        stack = state.registers.get(_SP)
        if stack is None:
            return None
        inside = state.frame.inside
        lr = state.registers.get(_LR)
        if lr is not None:
            if lr >= _EXC_RETURN and (found := self._interrupted(lr, stack, psp, True)):
                return found
            if self._returns(lr, inside, strict=True):
                return _State(Frame(lr & ~1, True, True), {_SP: stack}, skip=lr)
        for strict in (True, False):
            skip = state.skip
            for at in range(stack & ~3, (stack & ~3) + 4 * _MOST_SCANNED, 4):
                word = self._word(at)
                if word is None:
                    break
                if word == skip:
                    skip = None
                    continue
                if word >= _EXC_RETURN and (found := self._interrupted(word, at + 4, psp, True)):
                    return found
                if self._returns(word, inside, strict):
                    return _State(Frame(word & ~1, True, True), {_SP: at + 4})
        return None

    def _returns(self, address: int, callee: int, strict: bool) -> bool:
        """Whether `address` is behind a BL or BLX that may have called the function that `callee`
        is in; not strict: or a label close before it."""
        code = self._read(address - 5, 4) if address & 1 and address > 5 else None
        if code is None or (self._named and self._symbols.at(address - 2) is None):
            return False
        first, second = struct.unpack("<2H", code)
        if second & 0xFF87 == 0x4780:  # BLX register
            return True
        if first & 0xF800 != 0xF000 or second & 0xD000 != 0xD000:
            return False
        running = self._symbols.at(callee)
        if not self._named or running is None:
            return True
        called = self._symbols.at(_bl_target(address - 5, first, second))
        if called is None or called == running or called.name.endswith("_veneer"):
            return True
        if running.start < ROM_END:  # from flash it is called by a small function of the SDK's
            return called.start < ROM_END or called.name.startswith(_ROM_CALLERS)
        caller = self._symbols.at(address - 2)
        near = called.start <= callee < called.start + _FELL_THROUGH
        return not strict and caller != running and near


def _bl_target(address: int, first: int, second: int) -> int:
    """ARMv6-M ARM A6.7.13, encoding T1."""
    sign = first >> 10 & 1
    i1, i2 = ~(second >> 13 ^ sign) & 1, ~(second >> 11 ^ sign) & 1
    offset = i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
    return (address + 4 + offset - (sign << 24)) & 0xFFFFFFFF
