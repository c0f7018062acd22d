"""Clips of landmarks as arrays of fixed size, the input of sequence models."""
