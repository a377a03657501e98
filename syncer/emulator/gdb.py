"""GDB's remote serial protocol for a machine (GDB manual, appendix E); the cores are threads 1, 2.

While one thread is stepped the other core runs on: their clocks are one.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from syncer.emulator.debug import REGISTERS, Access, Debugger
from syncer.emulator.machine import Machine
from syncer.emulator.results import RunResult
from syncer.errors import Exit, SyncError

_TURN = 500_000  # cycles between looking for Ctrl-C
_PACKET = 0x4000
_TRAP, _INTERRUPT, _SEGMENT = 5, 2, 11
_KINDS = {b"2": Access.WRITE, b"3": Access.READ, b"4": Access.ANY}
_WATCH = {Access.WRITE: "watch", Access.READ: "rwatch", Access.ANY: "awatch"}
_SUPPORTED = (
    f"PacketSize={_PACKET:x};qXfer:features:read+;qXfer:memory-map:read+;vContSupported+;"
    "QStartNoAckMode+"
)
_MONITOR = "reset: load the firmware again and halt; cycles: of each core; help"

_TARGET = """<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0"><architecture>arm</architecture>
<feature name="org.gnu.gdb.arm.m-profile">{main}</feature>
<feature name="org.gnu.gdb.arm.m-system">{system}</feature></target>
"""
_MEMORY = """<?xml version="1.0"?>
<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN"
  "http://sourceware.org/gdb/gdb-memory-map.dtd">
<memory-map>
<memory type="rom" start="0x0" length="0x4000"/>
<memory type="flash" start="0x10000000" length="0x{flash:x}">
<property name="blocksize">0x1000</property></memory>
<memory type="ram" start="0x20000000" length="0x42000"/>
<memory type="ram" start="0x40000000" length="0xc0000000"/>
</memory-map>
"""


def _target() -> str:
    kinds = {"sp": "data_ptr", "pc": "code_ptr", "msp": "data_ptr", "psp": "data_ptr"}
    lines = [
        f'<reg name="{name}" bitsize="32" type="{kinds.get(name, "int")}" regnum="{number}"/>'
        for number, name in enumerate(REGISTERS)
    ]
    return _TARGET.format(main="".join(lines[:17]), system="".join(lines[17:]))


class _Gone(Exception):
    """The debugger has left."""


class GdbServer:
    """Serves one GDB after the other asked for: `serve` takes one.

    Args:
        port: of localhost; 0 takes a free one, then see `port`.
        firmware: what "monitor reset" loads again.
        on_line: is given each line that the firmware prints.

    Raises:
        SyncError: the port is in use, or may not be used.
    """

    def __init__(
        self,
        machine: Machine,
        port: int,
        firmware: Path,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        self._machine = machine
        self._debugger = Debugger(machine)
        self._firmware = firmware
        self._on_line = on_line
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", port))
            self._listener.listen(1)
        except OSError as error:
            self._listener.close()
            raise SyncError(
                f"cannot wait for GDB on port {port}: {error.strerror}",
                hint="Choose another --gdb PORT.",
                exit=Exit.ENVIRONMENT,
            ) from error
        self.port: int = self._listener.getsockname()[1]
        self._socket = self._listener
        self._received = b""
        self._acknowledge = True
        self._thread = 1  # that g, p, m ask about
        self._last = "T05thread:1;"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()

    def serve(self) -> None:
        """Waits for a debugger and does what it asks until it leaves."""
        self._socket, _ = self._listener.accept()
        self._received, self._acknowledge = b"", True
        with self._socket, contextlib.suppress(_Gone, ConnectionError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                if (reply := self._answer(self._packet())) is not None:
                    self._reply(reply)

    # ---- packets

    def _byte(self) -> bytes:
        if not self._received:
            self._received = self._socket.recv(0x10000)
            if not self._received:
                raise _Gone
        first, self._received = self._received[:1], self._received[1:]
        return first

    def _packet(self) -> bytes:
        while True:
            while self._byte() != b"$":
                pass
            body = b""
            while (byte := self._byte()) != b"#":
                body += byte
                if len(body) > 4 * _PACKET:
                    raise _Gone
            sent = self._byte() + self._byte()
            good = sent.lower() == b"%02x" % (sum(body) & 0xFF)
            if self._acknowledge:
                self._socket.sendall(b"+" if good else b"-")
            if good:
                return body

    def _reply(self, text: str | bytes) -> None:
        body = text.encode() if isinstance(text, str) else text
        for special in b"}#$*":
            body = body.replace(bytes([special]), bytes([0x7D, special ^ 0x20]))
        self._socket.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xFF))

    def _answer(self, packet: bytes) -> str | bytes | None:
        """The reply; None where none is due. What is not understood is answered by nothing."""
        command, rest = packet[:1], packet[1:]
        answers: dict[bytes, Callable[[bytes], str | bytes | None]] = {
            b"?": lambda _: self._last,
            b"H": self._select,
            b"T": lambda thread: "OK" if thread in (b"1", b"2", b"01", b"02") else "E01",
            b"g": lambda _: "".join(map(self._register, range(len(REGISTERS)))),
            b"G": self._set_all,
            b"p": lambda number: self._register(int(number, 16)),
            b"P": self._set_one,
            b"m": self._read,
            b"M": self._write,
            b"X": self._write_binary,
            b"Z": lambda what: self._point(what, True),
            b"z": lambda what: self._point(what, False),
            b"c": lambda _: self._resume(None),
            b"s": lambda _: self._resume(self._thread - 1),
            b"v": self._verbose,
            b"q": self._query,
            b"Q": self._set_mode,
            b"D": self._leave,
            b"k": self._leave,
        }
        if command not in answers:
            return ""
        try:
            return answers[command](rest)
        except (SyncError, ValueError, IndexError, struct.error):
            return "E01"

    def _leave(self, _: bytes) -> None:
        with contextlib.suppress(OSError):
            self._reply("OK")
        raise _Gone

    # ---- registers and memory

    def _select(self, what: bytes) -> str:
        thread = int(what[1:], 16) if what[1:] != b"-1" else 0
        if thread not in (-1, 0, 1, 2):
            return "E01"
        if what[:1] == b"g" and thread > 0:
            self._thread = thread
        return "OK"

    def _register(self, number: int) -> str:
        if number >= len(REGISTERS):
            return "E01"
        value = self._machine.registers(self._thread - 1)[REGISTERS[number]]
        return struct.pack("<I", value).hex()

    def _set_all(self, text: bytes) -> str:
        values = struct.unpack(f"<{len(text) // 8}I", bytes.fromhex(text.decode()))
        # CONTROL last: it says which stack sp is.
        for name, value in zip(REGISTERS, values, strict=False):
            self._debugger.set_register(self._thread - 1, name, value)
        return "OK"

    def _set_one(self, text: bytes) -> str:
        number, _, value = text.partition(b"=")
        (word,) = struct.unpack("<I", bytes.fromhex(value.decode()))
        self._debugger.set_register(self._thread - 1, REGISTERS[int(number, 16)], word)
        return "OK"

    def _read(self, where: bytes) -> str:
        address, size = (int(part, 16) for part in where.split(b","))
        return self._machine.read(address, min(size, _PACKET // 2)).hex()

    def _write(self, what: bytes) -> str:
        where, _, data = what.partition(b":")
        self._machine.write(int(where.split(b",")[0], 16), bytes.fromhex(data.decode()))
        return "OK"

    def _write_binary(self, what: bytes) -> str:
        where, _, data = what.partition(b":")
        if data := _unescaped(data):
            self._machine.write(int(where.split(b",")[0], 16), data)
        return "OK"

    def _point(self, what: bytes, on: bool) -> str:
        kind, address, size = what.split(b";")[0].split(b",")
        if kind in (b"0", b"1"):
            self._debugger.breakpoint(int(address, 16), on)
        elif kind in _KINDS:
            self._debugger.watchpoint(int(address, 16), int(size, 16), _KINDS[kind], on)
        else:
            return ""
        return "OK"

    # ---- running

    def _verbose(self, what: bytes) -> str | None:
        name, _, rest = what.partition(b";" if what.startswith(b"Cont") else b":")
        if what == b"Cont?":
            return "vCont;c;C;s;S"
        if name == b"Cont":
            stepped = None
            for action in rest.split(b";"):
                verb, _, thread = action.partition(b":")
                if verb[:1] in (b"s", b"S") and stepped is None:
                    stepped = (int(thread, 16) if thread else self._thread) - 1
            return self._resume(stepped)
        if name == b"FlashErase":
            address, size = (int(part, 16) for part in rest.split(b","))
            self._machine.write(address, b"\xff" * size)
            return "OK"
        if name == b"FlashWrite":
            where, _, data = rest.partition(b":")
            self._machine.write(int(where, 16), _unescaped(data))
            return "OK"
        return "OK" if what == b"FlashDone" else ""

    def _resume(self, step: int | None) -> str:
        """Runs until something stops the machine, or the debugger does; the stop's reply."""
        while True:
            if step is not None:
                self._debugger.step(step)
            result = self._machine.run(max_cycles=_TURN, on_line=self._on_line)
            if result.reason not in ("cycles", "asleep"):
                break
            if result.reason == "asleep":
                time.sleep(0.02)
            if self._interrupted():
                self._last = f"T{_INTERRUPT:02x}thread:{self._thread};"
                return self._last
        self._last = self._stop(result)
        return self._last

    def _stop(self, result: RunResult) -> str:
        if result.reason == "exit":
            return "W00"
        if result.reason == "fault":
            if self._on_line is not None:
                self._on_line(result.fault or "fault")
            core = 1 if (result.fault or "").startswith("core 1") else 0
            self._thread = core + 1
            return f"T{_SEGMENT:02x}thread:{self._thread};"
        core, address, kind = self._debugger.stopped()
        self._thread = core + 1
        where = f"{_WATCH[Access(kind)]}:{address:x};" if result.reason == "watchpoint" else ""
        return f"T{_TRAP:02x}thread:{self._thread};{where}"

    def _interrupted(self) -> bool:
        if not self._received and select.select([self._socket], [], [], 0)[0]:
            self._received = self._socket.recv(0x10000)
            if not self._received:
                raise _Gone
        if b"\x03" not in self._received:
            return False
        self._received = self._received.replace(b"\x03", b"", 1)
        return True

    # ---- questions

    def _set_mode(self, what: bytes) -> str:
        if what != b"StartNoAckMode":
            return ""
        self._acknowledge = False
        return "OK"

    def _query(self, what: bytes) -> str | bytes | None:
        name, _, rest = what.partition(b":")
        if name == b"Supported":
            return _SUPPORTED
        if name == b"Xfer":
            return self._transfer(rest)
        if name.startswith(b"ThreadExtraInfo"):
            core = int(what.split(b",")[1], 16) - 1
            sleep = ("running", "in WFE", "in WFI", "held in reset")
            state = sleep[self._machine.registers(core)["sleep"]]
            return f"core {core}, {state}".encode().hex()
        if name.startswith(b"Rcmd"):
            return self._monitor(bytes.fromhex(what.split(b",")[1].decode()).decode().strip())
        fixed = {b"C": f"QC{self._thread}", b"fThreadInfo": "m1,2", b"sThreadInfo": "l"}
        fixed |= {b"Attached": "1", b"Symbol": "OK"}
        return fixed.get(name, "")

    def _transfer(self, what: bytes) -> str:
        kind, _, annex, window = what.split(b":")
        offset, size = (int(part, 16) for part in window.split(b","))
        if (kind, annex) == (b"features", b"target.xml"):
            text = _target()
        elif kind == b"memory-map":
            text = _MEMORY.format(flash=self._machine.flash_bytes)
        else:
            return "E00"
        part = text[offset : offset + size]
        return ("m" if offset + size < len(text) else "l") + part

    def _monitor(self, line: str) -> str:
        if line in ("reset", "reset halt", "reset init"):
            self._machine.load(self._firmware)
            self._last = "T05thread:1;"
            text = "both cores reset; the firmware is loaded again\n"
        elif line == "cycles":
            text = "".join(f"core {n}: {self._machine.counters(n).cycles}\n" for n in (0, 1))
        else:
            text = _MONITOR + "\n"
        return text.encode().hex()


def _unescaped(data: bytes) -> bytes:
    head, *rest = data.split(b"}")
    return head + b"".join(bytes([part[0] ^ 0x20]) + part[1:] for part in rest)
