"""From frames to landmarks: the pose network, the person it tracks, and the chunks of a video."""
