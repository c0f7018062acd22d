"""MediaPipe's pose network: the library's C interface, and one landmarker called through it."""
