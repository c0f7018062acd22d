"""The offline toolkit: trains a model on recordings or generated data, for serving to pick up."""

import os

# Threads that wait for each other in a busy loop slow everything down as soon as another process
# needs a core (measured: boosted trees take ten times as long), so they sleep instead. This must be
# set before any parallel library is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
