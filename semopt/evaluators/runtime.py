"""onnxruntime as every judge wants it: on the CPU, on one thread, the same bits each time, with nothing on stderr."""

from __future__ import annotations

from typing import Any


def opened(network: str | bytes) -> Any:
    """A network ready to run: the path of an ONNX file, or its bytes.

    Raises ImportError, and where it cannot be opened classes of onnxruntime's own, which have no common one.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
