"""What long-running stages need: worker processes, locks and a progress bar."""
