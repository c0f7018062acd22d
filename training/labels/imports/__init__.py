"""Label sources: a module per format, and the checks before anything is written."""
