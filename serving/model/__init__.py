"""The model being served, and its replacement while the service runs."""
