"""The served model, and how it is replaced while the service runs."""
