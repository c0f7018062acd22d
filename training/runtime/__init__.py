"""Worker processes, locks and the progress bar of long-running stages."""
