"""The starter model, learned from generated material alone."""
