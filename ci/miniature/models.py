"""Four small int8 models and two test images, the same bytes on every machine.

`python ci/miniature/models.py FOLDER` writes

- `person_detect.tflite`: the layers of the person detection benchmark (MobileNetV1 0.25, 96x96x1,
  31 operators), with weights of its own;
- `keyword.tflite`: fully connected layers and a softmax;
- `gesture.tflite`: general 3x3 convolutions (SAME, VALID, stride 2), depthwise 5x5 and 3x3,
  pooling, a strided 1x1 convolution and a fully connected layer;
- `hello_world_int8.tflite`: the sine of its input, which model_sine.py constructs;
- `person.bmp` and `no_person.bmp`: 96x96, 8-bit greyscale.

How the other weights come about is said in model_network.py. Needs numpy, flatbuffers and tflite.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from model_inputs import bitmap, image, sample_inputs, samples
from model_network import Network, Output
from model_sine import sine

__all__ = [
    "gesture",
    "keyword",
    "person_detect",
    "sample_inputs",
    "sine",
    "write_images",
    "write_inputs",
    "write_models",
    "write_sine",
]


def person_detect() -> Network:
    """[1][96][96][1] to two classes, no person and person."""
    net = Network.start("person_detect", samples("person_detect", 10), 1.0 / 256.0, -1)
    net.depthwise(stride=2, multiplier=8)
    pairs = ((1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128), *5 * [(1, 128)])
    for stride, channels in (*pairs, (2, 256), (1, 256)):
        net.depthwise(stride=stride)
        net.conv(channels)
    net.average_pool(3, stride=2)
    net.conv(2, out=Output("none", 1.0 / 32.0, 4))
    net.reshape((1, 2))
    net.softmax()
    return net


def keyword() -> Network:
    """[1][490] to 12 classes."""
    inputs = samples("keyword", 64).reshape(64, -1)
    net = Network.start("keyword", inputs, 1.0 / 16.0, 3)
    net.fully_connected(96, Output("relu", 1.0 / 20.0))
    net.fully_connected(61, Output("none", 1.0 / 20.0, -11))
    net.fully_connected(40, Output("relu6"))
    net.fully_connected(12, Output("none", 1.0 / 32.0, 7))
    net.softmax()
    return net


def gesture() -> Network:
    """[1][21][26][3] to 5 classes."""
    net = Network.start("gesture", samples("gesture", 16), 1.0 / 64.0, 5)
    net.conv(8, kernel=3)
    net.depthwise(kernel=5, out=Output("none", 1.0 / 16.0, -7))
    net.conv(13, kernel=3, stride=2, padding="valid", out=Output("relu", 1.0 / 32.0))
    net.depthwise(stride=2, multiplier=2, padding="valid")
    net.conv(21, stride=2, out=Output("none", 1.0 / 16.0, 17))
    net.depthwise(out=Output("relu"))
    net.average_pool(2, stride=1)
    net.fully_connected(5, Output("none", 1.0 / 32.0, -3))
    net.softmax()
    return net


def write_models(folder: Path) -> list[Path]:
    """Writes the three models into `folder` (made if missing); returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for make in (person_detect, keyword, gesture):
        path = folder / f"{make.__name__}.tflite"
        path.write_bytes(make().serialise())
        paths.append(path)
    return paths


def write_sine(folder: Path) -> list[Path]:
    """Writes hello_world's model into `folder` (made if missing); returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "hello_world_int8.tflite"
    path.write_bytes(sine())
    return [path]


def write_images(folder: Path) -> list[Path]:
    """Writes person.bmp and no_person.bmp into `folder` (made if missing); returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "person.bmp", folder / "no_person.bmp"]
    for path, person in zip(paths, (True, False), strict=True):
        path.write_bytes(bitmap(image(person)))
    return paths


def write_inputs(folder: Path) -> list[Path]:
    """Writes an input of each small model into `folder` (made if missing); returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in ("keyword", "gesture"):
        path = folder / f"{name}_input.bin"
        path.write_bytes(sample_inputs(name, 1)[0])
        paths.append(path)
    return paths


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    if len(arguments) != 1:
        print("usage: python ci/miniature/models.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    writers = (write_models, write_sine, write_images, write_inputs)
    for path in (path for write in writers for path in write(folder)):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
