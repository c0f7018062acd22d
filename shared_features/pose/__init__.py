"""From frames to landmarks: the pose network, the person it follows, and chunks of a video."""
