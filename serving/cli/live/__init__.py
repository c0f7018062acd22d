"""``straps-serve live``: the pose in front of a camera, in a terminal or in a window."""
