# SPDX-License-Identifier: Apache-2.0
"""Models and images as C arrays.

    python3 generate_cc_arrays.py FOLDER INPUT...

For models/name.tflite this writes FOLDER/models/name_model_data.cc and .h with
the array g_name_model_data, for name.bmp (8 bits per pixel, no compression)
name_image_data with the pixels, top row first. The names of the .cc files are
printed.
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("inputs", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    for path in args.inputs:
        data = path.read_bytes()
        kind = {".tflite": "model", ".bmp": "image"}[path.suffix]
        if kind == "image":
            data = pixels(data)
        name = f"{path.stem}_{kind}_data"
        header = path.with_name(name + ".h")
        out = args.folder / header
        out.parent.mkdir(parents=True, exist_ok=True)
        values = ",\n".join(
            ",".join(str(value) for value in data[i : i + 20]) for i in range(0, len(data), 20)
        )
        out.write_text(
            f"constexpr unsigned int g_{name}_size = {len(data)};\n"
            f"extern const unsigned char g_{name}[];\n"
        )
        out.with_suffix(".cc").write_text(
            f'#include "{header.as_posix()}"\n\n'
            f"alignas(16) const unsigned char g_{name}[] = {{\n{values}}};\n"
        )
        print(out.with_suffix(".cc"))


if __name__ == "__main__":
    main()
