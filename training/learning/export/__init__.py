"""Export of fitted models to self-describing ONNX files, through a parity gate."""
