"""Fitted estimators to self-describing ONNX files, through a parity gate."""
