"""Two recordings of one routine: moments found again, and both side by side."""
