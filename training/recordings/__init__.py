"""Which recordings there are, which belong together, and how a stage works through them."""
