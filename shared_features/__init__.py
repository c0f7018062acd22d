"""Landmarks, features, classification and timelines: one implementation for training and serving.

Nothing in this package imports ``training`` or ``serving``. A library that touches devices, file
formats or a native runtime has one place: ``media`` uses PyAV and Pillow, ``pose`` MediaPipe, and
``classify.onnx_file`` onnxruntime. ``features``, ``sequence`` and ``classify.timeline`` are pure
numpy: arrays in, arrays out.
"""
