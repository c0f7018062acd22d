"""From landmarks to features: pure numpy, the same bits for one frame or a million."""
