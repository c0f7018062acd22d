"""``python -m training``: the same as ``straps-train``."""

from training.cli.main import main

main()
