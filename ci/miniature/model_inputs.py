"""Deterministic noise, and the inputs and test images made of it. Needs numpy."""

from __future__ import annotations

import math
import struct
from hashlib import shake_256

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.int64]

SIDE = 96  # of the images, in pixels

SHAPES = {"person_detect": (SIDE, SIDE, 1), "keyword": (49, 10, 1), "gesture": (21, 26, 3)}


def noise(name: str, count: int) -> Array:
    """`count` numbers of -510..510 that depend on `name` alone, bell-shaped around 0."""
    data = np.frombuffer(shake_256(name.encode()).digest(4 * count), np.uint8)
    return np.asarray(data.reshape(count, 4).sum(axis=1, dtype=np.int64) - 510)


def smooth(name: str, shape: tuple[int, int, int]) -> Array:
    """Values of 0..255: coarse blobs (8 cells to a side) under fine noise."""
    coarse = noise(f"{name}/coarse", 81 * shape[2]).reshape(9, 9, shape[2])
    # Bilinear interpolation with 256 steps to a cell.
    row, down = np.divmod(np.arange(shape[0], dtype=np.int64) * 2048 // shape[0], 256)
    col, right = np.divmod(np.arange(shape[1], dtype=np.int64) * 2048 // shape[1], 256)
    down, right = down[:, None, None], right[None, :, None]
    near = coarse[row][:, col] * (256 - right) + coarse[row][:, col + 1] * right
    far = coarse[row + 1][:, col] * (256 - right) + coarse[row + 1][:, col + 1] * right
    blobs = (near * (256 - down) + far * down) >> 16
    fine = noise(f"{name}/fine", math.prod(shape)).reshape(shape)
    return np.asarray(np.clip(128 + blobs // 2 + fine // 32, 0, 255))


def image(person: bool) -> Array:
    """A test image [96][96], 0..255: head and shoulders, or a shelf, before the same wall."""
    pixels = smooth("wall", (SIDE, SIDE, 1))[..., 0] // 2 + 90
    y, x = np.indices((SIDE, SIDE), np.int64)
    if person:
        shoulders = (x - 48) ** 2 * 400 + (y - 100) ** 2 * 1300 < 1300 * 400
        head = (x - 48) ** 2 * 361 + (y - 40) ** 2 * 225 < 361 * 225
        hair = head & (y < 30)
        eyes = ((x - 42) ** 2 + (y - 38) ** 2 < 5) | ((x - 54) ** 2 + (y - 38) ** 2 < 5)
        mouth = (abs(x - 48) < 6) & (abs(y - 49) < 2)
        pixels = np.where(shoulders, 60 + y // 4, pixels)
        pixels = np.where(head, 205 - abs(x - 44), pixels)
        pixels = np.where(hair | eyes | mouth, 40 + x % 5, pixels)
    else:
        boards = (y % 30 > 25) & (x > 10) & (x < 86)
        books = (y % 30 > 8) & (y % 30 < 26) & (x > 14) & (x < 80) & (x // 6 % 4 != 3)
        pixels = np.where(boards, 70, pixels)
        pixels = np.where(books, 40 + x // 6 * 53 % 190, pixels)
    grain = noise("grain", SIDE * SIDE).reshape(SIDE, SIDE) // 64
    return np.asarray(np.clip(pixels + grain, 0, 255))


def bitmap(pixels: Array) -> bytes:
    """A Windows bitmap, 8 bits a pixel with a grey palette; the width a multiple of 4, so that
    rows need no padding."""
    height, width = pixels.shape
    palette = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256))
    start = 14 + 40 + len(palette)
    rows = np.flipud(pixels).astype(np.uint8).tobytes()  # stored from the bottom up
    header = struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, len(rows), 2835, 2835, 256, 0)
    return header + info + palette + rows


def samples(model: str, count: int) -> Array:
    """[count][height][width][channels] inputs for a model, as int8 values.

    Those of person_detect start with the two test images; their bytes are read as int8, which is
    how the benchmark hands an image's bytes to the model.
    """
    shape = SHAPES[model]
    if model != "person_detect":
        return np.stack([smooth(f"{model} {i}", shape) - 128 for i in range(count)])
    shown = [image(person)[..., None] for person in (True, False)]
    scenes = [smooth(f"scene {i}", shape) for i in range(count - len(shown))]
    pixels = np.stack([*shown, *scenes][:count])
    return np.where(pixels < 128, pixels, pixels - 256)


def sample_inputs(model: str, count: int) -> list[bytes]:
    """`count` inputs for "person_detect", "keyword" or "gesture", as the bytes of the tensor."""
    return [values.astype(np.int8).tobytes() for values in samples(model, count)]
