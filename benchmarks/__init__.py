"""Speed, as ratios measured in one run: absolute times mean nothing on shared machines."""
