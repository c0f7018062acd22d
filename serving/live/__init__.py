"""Live classification: a camera's pictures in, poses out (``docs/live-protocol.md``)."""
