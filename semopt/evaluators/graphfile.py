"""Writes a small network as an ONNX file in memory, so that its weights can lie in the package as plain arrays.

Only the messages that onnxruntime needs for a graph of float32 tensors (onnx.proto3, IR version 8): written by hand,
as the package `onnx` is 20 MB and only builds what ten lines of bytes say.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

IR_VERSION, OPSET = 8, 13
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_ONE_FLOAT, _ONE_INT, _INTS = 1, 2, 7  # AttributeProto.AttributeType

Attribute = int | float | Sequence[int]


@dataclass
class Graph:
    """A graph that grows node by node; tensors go by their names."""

    nodes: list[bytes] = field(default_factory=list)
    constants: list[bytes] = field(default_factory=list)
    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)
    _count: int = 0

    def input(self, name: str, shape: Sequence[int]) -> str:
        """A float32 input of this shape."""
        self.inputs.append(_value(name, shape))
        return name

    def output(self, name: str, tensor: str, shape: Sequence[int]) -> None:
        """Give a tensor out under a name."""
        self.nodes.append(_node("Identity", [tensor], name, {}))
        self.outputs.append(_value(name, shape))

    def constant(self, array: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """A tensor that never changes: float32 or int64."""
        name = self._fresh("constant")
        kind = _INT64 if array.dtype == np.int64 else _FLOAT
        raw = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        dims = b"".join(_number(1, side) for side in array.shape)
        self.constants.append(dims + _number(2, kind) + _text(8, name) + _block(9, raw))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """A node with one output, whose name is given back."""
        name = self._fresh(operator)
        self.nodes.append(_node(operator, inputs, name, attributes))
        return name

    def file(self) -> bytes:
        """The whole model."""
        graph = b"".join(_block(1, node) for node in self.nodes) + _text(2, "semopt")
        graph += b"".join(_block(5, constant) for constant in self.constants)
        graph += b"".join(_block(11, one) for one in self.inputs) + b"".join(_block(12, one) for one in self.outputs)
        return _number(1, IR_VERSION) + _block(7, graph) + _block(8, _number(2, OPSET))

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"


def _node(operator: str, inputs: Sequence[str], output: str, attributes: dict[str, Attribute]) -> bytes:
    names = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operator)
    return names + b"".join(_block(5, _attribute(name, value)) for name, value in attributes.items())


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _ONE_INT)
    if isinstance(value, float):
        return _text(1, name) + _tag(2, 5) + struct.pack("<f", value) + _number(20, _ONE_FLOAT)
    return _text(1, name) + b"".join(_number(8, one) for one in value) + _number(20, _INTS)


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_block(1, _number(1, side)) for side in shape)
    tensor = _number(1, _FLOAT) + _block(2, dims)
    return _text(1, name) + _block(2, _block(1, tensor))


def _tag(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _number(number: int, value: int) -> bytes:
    return _tag(number, 0) + _varint(value)


def _text(number: int, text: str) -> bytes:
    return _block(number, text.encode())


def _block(number: int, content: bytes) -> bytes:
    return _tag(number, 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as 64 bits."""
    value &= 2**64 - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
