"""The HTTP service: what is common to all resources."""
