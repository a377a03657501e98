"""GDB's remote protocol, by a client of its own; and by GDB where it is installed."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from emulator_programs import Build, Program

from syncer.cli.app import run
from syncer.emulator import Machine
from syncer.emulator.debug import Access, Debugger
from syncer.emulator.gdb import GdbServer
from syncer.errors import SyncError


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def send(self, packet: bytes) -> None:
        self.socket.sendall(b"$" + packet + b"#%02x" % (sum(packet) & 0xFF))

    def reply(self) -> str:
        body = b""
        while not (body.startswith(b"$") and body[-3:-2] == b"#"):
            body += self.socket.recv(1)
            body = body.lstrip(b"+")
        self.socket.sendall(b"+")
        return body[1:-3].decode()

    def ask(self, packet: str) -> str:
        self.send(packet.encode())
        return self.reply()

    def register(self, number: int) -> int:
        return int(struct.unpack("<I", bytes.fromhex(self.ask(f"p{number:x}")))[0])

    def read(self, address: int, size: int) -> bytes:
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))


PC = 15


@pytest.fixture
def served(program: Build) -> Iterator[tuple[Client, Program, list[str]]]:
    yield from serve(program("profile"))


def serve(built: Program) -> Iterator[tuple[Client, Program, list[str]]]:
    lines: list[str] = []
    with Machine() as machine:
        machine.load(built.path)
        with GdbServer(machine, 0, built.path, on_line=lines.append) as server:
            thread = threading.Thread(target=server.serve)
            thread.start()
            client = Client(server.port)
            yield client, built, lines
            client.socket.close()
            thread.join(20)
            assert not thread.is_alive()


def test_what_it_says_of_itself(served: tuple[Client, Program, list[str]]) -> None:
    client, _, _ = served
    assert "qXfer:features:read+" in client.ask("qSupported:swbreak+")
    assert client.ask("?") == "T05thread:1;"
    assert client.ask("qfThreadInfo") == "m1,2"
    assert client.ask("qsThreadInfo") == "l"
    assert bytes.fromhex(client.ask("qThreadExtraInfo,2")) == b"core 1, running"
    target = client.ask("qXfer:features:read:target.xml:0,4000")
    registers = ElementTree.fromstring(target[1:].split('dtd">')[1]).iter("reg")
    assert [r.get("name") for r in registers][13:18] == ["sp", "lr", "pc", "xpsr", "msp"]
    whole = ""
    while True:  # in pieces
        piece = client.ask(f"qXfer:memory-map:read::{len(whole):x},64")
        whole += piece[1:]
        if piece[0] == "l":
            break
    kinds = [m.get("type") for m in ElementTree.fromstring(whole.split('dtd">')[1])]
    assert kinds == ["rom", "flash", "ram", "ram"]
    assert client.ask("vUnknown") == client.ask("!") == ""
    assert client.ask("QStartNoAckMode") == "OK"


def test_break_step_and_continue(served: tuple[Client, Program, list[str]]) -> None:
    client, built, _ = served
    inner = built["inner"]
    assert client.ask(f"Z1,{inner:x},2") == "OK"
    assert client.ask("vCont;c") == "T05thread:1;"
    assert client.register(PC) == inner
    assert client.ask("vCont;s:1;c") == "T05thread:1;"
    assert client.register(PC) == inner + 2
    assert client.register(1) == 100
    assert client.ask("P1=05000000") == "OK"  # r1: five rounds are left
    assert client.ask(f"z1,{inner:x},2") == "OK"
    assert client.ask("c") == "W00"
    assert client.read(built["value"], 4) == struct.pack("<I", 3)


def test_watchpoints(served: tuple[Client, Program, list[str]]) -> None:
    client, built, _ = served
    value = built["value"]
    assert client.ask(f"Z2,{value:x},4") == "OK"
    assert client.ask("c") == f"T05thread:1;watch:{value:x};"
    assert client.read(value, 4) == struct.pack("<I", 1)
    assert client.register(PC) == built["tail"] + 8  # after the store
    assert client.ask(f"z2,{value:x},4") == "OK"
    assert client.ask(f"Z3,{value:x},4") == "OK"
    assert client.ask("c") == f"T05thread:1;rwatch:{value:x};"
    assert client.ask(f"Z5,{value:x},4") == ""


def test_both_cores_and_memory(served: tuple[Client, Program, list[str]]) -> None:
    client, built, _ = served
    assert client.ask("Hg2") == "OK"
    assert client.register(PC) < 0x4000
    assert len(client.ask("g")) == 21 * 8
    assert client.ask("vCont;s:2") == "T05thread:2;"
    assert client.ask("Hg1") == "OK"
    assert client.register(PC) in (built["start"], built["main"])
    assert client.ask("Hg3") == client.ask("m40000000,4") == client.ask("pff") == "E01"
    assert client.ask("M20001000,4:01020304") == "OK"
    client.send(b"X20001004,3:}\x03a}\x5d")
    assert client.reply() == "OK"
    assert client.read(0x20001000, 7) == b"\1\2\3\4#a}"
    client.send(b"vFlashWrite:10050000:flash")
    assert client.reply() == "OK"
    assert client.read(0x10050000, 5) == b"flash"


def test_reset_and_nonsense(served: tuple[Client, Program, list[str]]) -> None:
    client, built, _ = served
    client.ask("c")
    assert b"core 0: " in bytes.fromhex(client.ask("qRcmd," + b"cycles".hex()))
    assert b"reset" in bytes.fromhex(client.ask("qRcmd," + b"reset".hex()))
    assert client.register(PC) == built["start"]
    assert b"help" in bytes.fromhex(client.ask("qRcmd," + b"what".hex()))
    for nonsense in ("P", "m", "Mzz", "Z0", "vCont;s:x", "H", "G0", "qXfer:", "p"):
        assert client.ask(nonsense) in ("E01", "E00", ""), nonsense
    client.socket.sendall(b"$?#00")  # a wrong checksum is asked for again
    assert client.socket.recv(1) == b"-"
    assert client.ask("D") == "OK"


def test_interrupted(program: Build) -> None:
    for client, _, lines in serve(program("forever")):
        client.send(b"c")
        client.socket.sendall(b"\x03")
        client.reply()
        client.send(b"vCont;c")
        client.socket.sendall(b"\x03")
        assert client.reply() == "T02thread:1;"
        assert "tick" in lines


def test_a_fault_is_a_signal(program: Build) -> None:
    for client, built, lines in serve(program("faults")):
        assert client.ask("c") == "T0bthread:1;"
        assert client.register(PC) == built["read_nowhere"]
        assert "read from 0x60000004" in lines[0]


def test_a_port_in_use(program: Build, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["emulate", str(program("forever").path), "--gdb", str(port)]) == 15
    err = capsys.readouterr().err
    assert f"port {port}" in err
    assert run(["emulate", str(program("forever").path), "--gdb", "70000"]) == 2


def test_stopping_from_python(program: Build) -> None:
    built = program("profile")
    with Machine() as machine:
        machine.load(built.path)
        debugger = Debugger(machine)
        debugger.breakpoint(built["tail"])
        assert machine.run().reason == "break"
        assert debugger.stopped()[:2] == (0, built["tail"])
        debugger.breakpoint(built["tail"], on=False)
        debugger.watchpoint(built["value"] + 3, 1, Access.WRITE)
        assert machine.run().reason == "watchpoint"
        debugger.set_register(0, "r7", 77)
        assert machine.registers(0)["r7"] == 77
        with pytest.raises(SyncError, match="pc cannot be set"):
            debugger.set_register(0, "pc", 0x40000000)


# 18 MB installed, of which `apt-cache show gdb-multiarch` tells: more than ci/setup asks of all.
@pytest.mark.skipif(
    not shutil.which("gdb-multiarch"),
    reason="no gdb-multiarch to connect to the server: apt-get install gdb-multiarch",
)
def test_gdb_itself(program: Build, tmp_path: Path) -> None:
    built = program("profile")
    with Machine() as machine:
        machine.load(built.path)
        with GdbServer(machine, 0, built.path) as server:
            thread = threading.Thread(target=server.serve)
            thread.start()
            commands = [
                "set pagination off",
                f"target remote :{server.port}",
                "break inner",
                "continue",
                "info registers pc r4",
                "info threads",
                "delete",
                "watch *(int *)&value",
                "continue",
                "stepi",
                "monitor cycles",
                "detach",
            ]
            arguments = [argument for command in commands for argument in ("-ex", command)]
            done = subprocess.run(
                ["gdb-multiarch", "-nx", "-batch", *arguments, str(built.path)],
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            thread.join(20)
    out = done.stdout
    assert "Breakpoint 1, " in out, out + done.stderr
    assert "in inner ()" in out
    assert "(core 1, " in out
    assert "New value = 1" in out
    assert "core 0: " in done.stdout + done.stderr
