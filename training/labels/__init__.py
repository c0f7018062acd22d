"""What frames show: label tables, made elsewhere or carried over to mirrored copies."""
