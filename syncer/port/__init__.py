"""port.toml: its tables as frozen dataclasses, and how it is found and read."""

from syncer.files import find_port, port_file
from syncer.port.gates import Gates, Limit, ModelGates
from syncer.port.load import load_port
from syncer.port.port import Port
from syncer.port.tables import (
    Array,
    Benchmark,
    Board,
    Build,
    Component,
    FirmwareSpec,
    Memory,
    PinPlace,
    Region,
    Sdk,
    TestException,
    Tests,
    Tree,
)
from syncer.port.words import ArrayKind, Element

__all__ = [
    "Array",
    "ArrayKind",
    "Benchmark",
    "Board",
    "Build",
    "Component",
    "Element",
    "FirmwareSpec",
    "Gates",
    "Limit",
    "Memory",
    "ModelGates",
    "PinPlace",
    "Port",
    "Region",
    "Sdk",
    "TestException",
    "Tests",
    "Tree",
    "find_port",
    "load_port",
    "port_file",
]
