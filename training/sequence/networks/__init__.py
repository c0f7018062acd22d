"""The models over sequences: networks in JAX, a baseline of trees, and their ONNX graphs."""
