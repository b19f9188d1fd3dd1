"""The ONNX files that semopt writes itself, against the package that defines them and a second way to compute."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semopt.evaluators.drift import Student
from semopt.evaluators.embedded import WEIGHTS
from semopt.evaluators.graphfile import Graph

onnxruntime = pytest.importorskip("onnxruntime")


def ran(graph: Graph, **inputs: object) -> list[np.ndarray]:
    return onnxruntime.InferenceSession(graph.file(), providers=["CPUExecutionProvider"]).run(None, inputs)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_it_computes_what_it_says(rows: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    given_, factor = (random.normal(size=(rows, columns)).astype(np.float32) for _ in range(2))
    graph = Graph()
    flow = graph.add("Mul", graph.input("x", (rows, columns)), graph.constant(factor))
    total = graph.add("ReduceSumSquare", flow, axes=(1,), keepdims=1)
    graph.output("y", graph.add("Relu", flow), (rows, columns))
    graph.output("z", graph.add("LeakyRelu", total, alpha=0.5), (rows, 1))
    first, second = ran(graph, x=given_)
    np.testing.assert_allclose(first, np.maximum(given_ * factor, 0), rtol=1e-6)
    np.testing.assert_allclose(second, np.square(given_ * factor).sum(1, keepdims=True), rtol=1e-5)


def test_the_embedded_network_is_a_valid_file() -> None:
    onnx = pytest.importorskip("onnx")
    onnx.checker.check_model(onnx.load_from_string(Student.read(WEIGHTS)._graph().file()), full_check=True)


def test_a_negative_attribute_and_a_long_constant() -> None:
    graph = Graph()
    numbers = np.arange(1000, dtype=np.float32).reshape(10, 100)
    total = graph.add("Add", graph.input("x", (1, 100)), graph.constant(numbers))
    graph.output("y", graph.add("Softmax", total, axis=-1), (10, 100))
    (found,) = ran(graph, x=np.zeros((1, 100), np.float32))
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
