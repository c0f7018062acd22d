"""The video with the poses drawn on it, photos of its holds and a summary image."""
