"""Uploaded videos: the durable queue, a job and its state, its folder, and the work itself."""
