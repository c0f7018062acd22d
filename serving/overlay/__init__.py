"""The video with the poses drawn on it, the photos of its holds and its summary picture."""
