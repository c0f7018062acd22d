"""Camera and renderer."""
