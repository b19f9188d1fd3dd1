"""The peers benchmark: semopt beside other image optimisers, in one run, on the same photographs. See docs/peers.md.

    python -m tests.bench.peers --photos DIR --weights mobilenet_v2.pth --judge other.tflite --judge another.onnx

A peer is a `Tool` of `tools/`, in a file of its own and one line of the table there.
"""
