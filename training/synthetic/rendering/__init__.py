"""The camera and the renderer."""
