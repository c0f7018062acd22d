"""Speed as ratios measured in one run, since absolute times mean little on shared machines."""

# It must come before any import that computes in parallel; training/__init__.py says why.
import training  # noqa: F401
