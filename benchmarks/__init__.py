"""Speed, as ratios measured in one run: absolute times mean nothing on shared machines."""

# Before a benchmark imports anything that computes in parallel: see there why.
import training  # noqa: F401
