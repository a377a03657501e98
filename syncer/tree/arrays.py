"""Models and inputs of upstream's as C arrays."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, UnidentifiedImageError

from syncer.errors import SyncError
from syncer.port import Array

_PER_LINE = 16


def array_files(array: Array, data: bytes) -> dict[str, bytes]:
    """The header and the source that hold `data`, by path in the generated tree.

    The names and types are those of upstream's generate_cc_arrays.py, so that upstream's own
    programs find them: `const unsigned char <symbol>[]` and `<symbol>_size`.

    Raises:
        SyncError: a "bmp" is no image, or not of 8-bit pixels.
    """
    values = _pixels(array.from_, data) if array.kind == "bmp" else data
    guard = "SYNC_" + "".join(c if c.isalnum() else "_" for c in array.to.upper()) + "_H_"
    header = (
        f"// Made by sync from {array.from_}.\n"
        f"#ifndef {guard}\n#define {guard}\n\n"
        f"constexpr unsigned int {array.symbol}_size = {len(values)};\n"
        f"extern const unsigned char {array.symbol}[];\n\n"
        f"#endif  // {guard}\n"
    )
    lines = (
        ",".join(str(value) for value in values[start : start + _PER_LINE])
        for start in range(0, len(values), _PER_LINE)
    )
    source = (
        f"// Made by sync from {array.from_}.\n"
        f'#include "{array.to}.h"\n\n'
        f"alignas(16) const unsigned char {array.symbol}[] = {{\n" + ",\n".join(lines) + "};\n"
    )
    return {f"{array.to}.h": header.encode(), f"{array.to}.cc": source.encode()}


def input_bytes(path: str, data: bytes) -> bytes:
    """What a program sees of an input file: a BMP's pixels, any other file as it is."""
    return _pixels(path, data) if path.endswith(".bmp") else data


def _pixels(name: str, data: bytes) -> bytes:
    try:
        with Image.open(BytesIO(data)) as image:
            if image.mode not in ("L", "P"):
                raise SyncError(f"{name}: an image of mode {image.mode}; 8-bit pixels are needed")
            return image.tobytes()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise SyncError(f"{name}: no BMP image: {error}") from None
