"""Damaged and random firmware files: read, or refused with a message; what is read also runs."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from emulator_programs import Build
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.emulator import Machine, image
from syncer.errors import SyncError

FLASH = 1 << 17
LIMITS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
CHANGES = st.lists(
    st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8)), max_size=6
)


def uf2(payload: bytes) -> bytes:
    """The payload as RP2040 blocks of 256 bytes."""
    parts = [payload[i : i + 256].ljust(256, b"\0") for i in range(0, len(payload), 256)]
    return b"".join(
        struct.pack(
            "<8I476sI",
            *(0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + 256 * n, 256, n, len(parts), 0xE48BFF56),
            part,
            0x0AB16F30,
        )
        for n, part in enumerate(parts)
    )


def damaged(data: bytes, changes: list[tuple[int, bytes]], keep: int) -> bytes:
    changed = bytearray(data)
    for at, new in changes:
        at %= len(changed)
        changed[at : at + len(new)] = new
    return bytes(changed[: len(changed) - keep % 4096] if keep % 3 == 0 else changed)


@pytest.fixture(scope="module")
def originals(program: Build) -> dict[str, bytes]:
    elf = program("timing").path.read_bytes()
    raw = bytes(0x100) + struct.pack("<2I", 0x20042000, 0x10000201) + bytes(0xF8) + b"\xfe\xe7" * 64
    return {".elf": elf, ".uf2": uf2(raw), ".bin": raw}


@LIMITS
@given(
    suffix=st.sampled_from((".elf", ".uf2", ".bin")),
    changes=CHANGES,
    keep=st.integers(0, 1 << 16),
    noise=st.one_of(st.none(), st.binary(max_size=2048)),
)
def test_damaged_files(
    tmp_path: Path,
    originals: dict[str, bytes],
    suffix: str,
    changes: list[tuple[int, bytes]],
    keep: int,
    noise: bytes | None,
) -> None:
    file = tmp_path / f"firmware{suffix}"
    file.write_bytes(damaged(originals[suffix], changes, keep) if noise is None else noise)
    try:
        image.read(file, FLASH)
    except SyncError as error:
        assert str(error)
        return
    with Machine(flash_bytes=FLASH) as machine:
        try:
            machine.load(file)
        except SyncError as error:
            assert str(error)
            return
        result = machine.run(max_cycles=20_000)
        assert result.reason in ("cycles", "fault", "exit", "asleep")
