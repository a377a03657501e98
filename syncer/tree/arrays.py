"""Models and inputs of upstream's as C arrays."""

from __future__ import annotations

import re
import struct
import wave
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import PurePosixPath

from PIL import Image, UnidentifiedImageError

from syncer.errors import Exit, SyncError
from syncer.port import Array, ArrayKind, Element

_PER_LINE = 16
_KIND = "See `kind` of its [[tree.array]] in port.toml, or name another file there."
# What upstream's generate_cc_arrays.py adds to the name of an input, and the kind of array it is.
_BY_SUFFIX: dict[str, tuple[str, ArrayKind]] = {
    ".tflite": ("_model_data", "bytes"),
    ".bmp": ("_image_data", "bmp"),
    ".wav": ("_audio_data", "wav"),
    ".csv": ("_test_data", "csv"),
}
_BY_NAME: tuple[tuple[str, Element], ...] = (
    ("_int32.csv", "int32_t"),
    ("_int16.csv", "int16_t"),
    ("_int8.csv", "int8_t"),
    ("", "float"),
)
_NUMBER = r"\s*-?(?:[0-9]+|[0-9]*\.[0-9]+|[0-9]+\.)(?:[eE][-+]?[0-9]+)?\s*"
_NUMBERS = re.compile(f"(?:{_NUMBER}(?:,{_NUMBER})*)?")
_BYTES = [str(value) for value in range(256)]


@cache
def array_of(path: str) -> Array:
    """The array that upstream's Makefile would make of an input: its place, name and kind, as its
    tools/generate_cc_arrays.py chooses them.

    Raises:
        SyncError: (BUILD) an input of a kind not known here.
    """
    place = PurePosixPath(path)
    if place.suffix not in _BY_SUFFIX:
        raise SyncError(
            f"{path}: no C array can be made of a {place.suffix or 'nameless'} file",
            hint=f"Known are {', '.join(sorted(_BY_SUFFIX))}; this version of sync is older than "
            "upstream's generate_cc_arrays.py.",
            exit=Exit.BUILD,
        )
    ending, kind = _BY_SUFFIX[place.suffix]
    name = f"{place.stem}{ending}"
    element = next(element for mark, element in _BY_NAME if path.endswith(mark))
    return Array(path, str(place.with_name(name)), f"g_{name}", kind, element)


def array_files(array: Array, data: bytes) -> dict[str, bytes]:
    """The header and the source that hold `data`, by path in the generated tree.

    The names and types are those of upstream's generate_cc_arrays.py, so that upstream's own
    programs find them: `const <type> <symbol>[]` and `<symbol>_size`, its length.

    Raises:
        SyncError: a file that is not of the array's kind: no image of 8-bit pixels, no recording
            of 16-bit samples, no list of numbers.
    """
    element, values, size = _elements(array, data)
    guard = "SYNC_" + "".join(c if c.isalnum() else "_" for c in array.to.upper()) + "_H_"
    header = (
        f"// Made by sync from {array.from_}.\n"
        f"#ifndef {guard}\n#define {guard}\n\n"
        "#include <cstdint>\n\n"
        f"constexpr unsigned int {array.symbol}_size = {size};\n"
        f"extern const {element} {array.symbol}[];\n\n"
        f"#endif  // {guard}\n"
    )
    lines = (
        ",".join(values[start : start + _PER_LINE]) for start in range(0, len(values), _PER_LINE)
    )
    source = (
        f"// Made by sync from {array.from_}.\n"
        f'#include "{array.to}.h"\n\n'
        f"alignas(16) const {element} {array.symbol}[] = {{\n" + ",\n".join(lines) + "};\n"
    )
    return {f"{array.to}.h": header.encode(), f"{array.to}.cc": source.encode()}


def input_bytes(path: str, data: bytes) -> bytes:
    """What a program sees of an input file: a BMP's pixels, any other file as it is."""
    return _pixels(path, data) if path.endswith(".bmp") else data


def _elements(array: Array, data: bytes) -> tuple[str, Sequence[str], int]:
    """The C type, the elements as C writes them, and what `<symbol>_size` says."""
    if array.kind == "wav":
        samples, frames = _samples(array.from_, data)
        return "int16_t", [str(sample) for sample in samples], frames
    if array.kind == "csv":
        numbers = _numbers(array.from_, data)
        return array.element, numbers, len(numbers)
    values = _pixels(array.from_, data) if array.kind == "bmp" else data
    return "unsigned char", [_BYTES[value] for value in values], len(values)


def _pixels(name: str, data: bytes) -> bytes:
    try:
        with Image.open(BytesIO(data)) as image:
            if image.mode not in ("L", "P"):
                raise SyncError(
                    f"{name}: an image of mode {image.mode}; 8-bit pixels are needed", hint=_KIND
                )
            return image.tobytes()
    except UnidentifiedImageError:
        raise SyncError(f"{name}: no BMP image", hint=_KIND) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise SyncError(f"{name}: no BMP image: {error}", hint=_KIND) from None


def _samples(name: str, data: bytes) -> tuple[tuple[int, ...], int]:
    """The samples of all channels in turn, and the number of frames, each of one sample a
    channel."""
    try:
        with wave.open(BytesIO(data)) as recording:
            frames = recording.readframes(recording.getnframes())
            if recording.getsampwidth() != 2 or len(frames) % 2:
                raise SyncError(f"{name}: samples of 16 bits are needed", hint=_KIND)
            return struct.unpack(f"<{len(frames) // 2}h", frames), recording.getnframes()
    except (wave.Error, EOFError) as error:
        raise SyncError(f"{name}: no WAV recording: {error}", hint=_KIND) from None


def _numbers(name: str, data: bytes) -> list[str]:
    """The numbers of the first line, which upstream's script takes for the whole."""
    line = data.partition(b"\n")[0].decode("ascii", "replace").strip()
    if not _NUMBERS.fullmatch(line):
        raise SyncError(
            f"{name}: its first line is no list of numbers", hint=_KIND, exit=Exit.BUILD
        )
    return line.replace(" ", "").split(",") if line else []
