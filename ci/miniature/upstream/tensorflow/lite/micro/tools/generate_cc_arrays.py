# SPDX-License-Identifier: Apache-2.0
"""Models, images and tables as C arrays.

    python3 generate_cc_arrays.py FOLDER INPUT...

For models/name.tflite this writes FOLDER/models/name_model_data.cc and .h with
the array g_name_model_data, for name.bmp (8 bits per pixel, no compression)
name_image_data with the pixels, top row first, and for name_int16.csv
name_int16_test_data with its numbers. The names of the .cc files are printed.
"""

import argparse
import pathlib
import struct


def pixels(data):
    """The grey values of a bitmap. Its rows are padded and start at the bottom."""
    (start,) = struct.unpack_from("<I", data, 10)
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    if data[:2] != b"BM" or bits != 8 or compression != 0:
        raise SystemExit("not an uncompressed bitmap of 8 bits per pixel")
    stride = (width + 3) // 4 * 4
    rows = [data[start + y * stride : start + y * stride + width] for y in range(abs(height))]
    return b"".join(reversed(rows) if height > 0 else rows)


def array(path):
    """What is added to the name of an input, the type of its array, and its elements."""
    if path.suffix == ".tflite":
        return "model_data", "unsigned char", list(path.read_bytes())
    if path.suffix == ".bmp":
        return "image_data", "unsigned char", list(pixels(path.read_bytes()))
    if path.suffix == ".csv":
        kind = path.stem.rpartition("_")[2]
        if kind not in ("int8", "int16", "int32"):
            raise SystemExit(f"{path}: the name does not end with the type of the numbers")
        return "test_data", f"{kind}_t", [int(word) for word in path.read_text().split(",")]
    raise SystemExit(f"{path}: neither a model nor an image nor a table")


def write(path, text):
    """Leaves a file alone that holds just this, so that nothing is built again for it."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("inputs", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    for path in args.inputs:
        ending, kind, elements = array(path)
        name = f"{path.stem}_{ending}"
        header = path.with_name(name + ".h")
        out = args.folder / header
        values = ",\n".join(
            ",".join(str(value) for value in elements[i : i + 20])
            for i in range(0, len(elements), 20)
        )
        write(
            out,
            "#include <cstdint>\n\n"
            f"constexpr unsigned int g_{name}_size = {len(elements)};\n"
            f"extern const {kind} g_{name}[];\n",
        )
        write(
            out.with_suffix(".cc"),
            f'#include "{header.as_posix()}"\n\n'
            f"alignas(16) const {kind} g_{name}[] = {{\n{values}}};\n",
        )
        print(out.with_suffix(".cc"))


if __name__ == "__main__":
    main()
