"""``python -m training``: the same as ``straps-train``."""

from training.cli import main

main()
