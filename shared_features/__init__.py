"""Landmarks, features, classification and timelines: one implementation for training and serving.

Nothing in here imports ``training`` or ``serving``. Where a module touches a device, a file format
or a runtime, it is the only one that does: ``frames`` (PyAV, Pillow), ``pose`` (MediaPipe),
``classifier`` (onnxruntime). ``angles``, ``spatial``, ``body``, ``features`` and ``timeline`` are
pure numpy: arrays in, arrays out.
"""
