"""Live classification: frames of a camera in, poses out (``docs/live-protocol.md``)."""
