"""C arrays from models and images, checked by a compiler."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from syncer.errors import SyncError
from syncer.port import Array
from syncer.tree.arrays import array_files, input_bytes


def bmp(width: int, height: int, pixels: bytes, mode: str = "L") -> bytes:
    out = io.BytesIO()
    Image.frombytes(mode, (width, height), pixels).save(out, "BMP")
    return out.getvalue()


def test_the_compiler_sees_the_same_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) + b"\0\xff"
    files = array_files(Array("m.tflite", "models/m_data", "g_m"), data)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text)
    (tmp_path / "main.cc").write_text(
        '#include <cstdio>\n#include "models/m_data.h"\n#include "models/m_data.h"\n'
        "int main() { return fwrite(g_m, 1, g_m_size, stdout) != g_m_size; }\n"
    )
    sources = [str(tmp_path / "main.cc"), str(tmp_path / "models/m_data.cc")]
    program = str(tmp_path / "program")
    subprocess.run(
        ["g++", "-Wall", "-Werror", f"-I{tmp_path}", "-o", program, *sources], check=True
    )
    assert subprocess.run([program], check=True, capture_output=True).stdout == data


def test_an_image_gives_its_pixels_top_row_first() -> None:
    pixels = bytes([0, 1, 2, 3, 250, 255])
    assert input_bytes("a.bmp", bmp(3, 2, pixels)) == pixels
    assert input_bytes("a.bin", b"as it is") == b"as it is"
    header = array_files(Array("a.bmp", "a", "g_a", "bmp"), bmp(3, 2, pixels))["a.h"]
    assert b"g_a_size = 6;" in header


@pytest.mark.parametrize("data", [b"", b"BM", b"no image at all", bmp(1, 1, b"\1\2\3", "RGB")])
def test_what_is_no_8_bit_image_is_refused(data: bytes) -> None:
    with pytest.raises(SyncError, match="a.bmp"):
        input_bytes("a.bmp", data)
