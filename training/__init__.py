"""The offline toolkit: from material, recorded or generated, to a model that serving picks up."""

import os

# Threads that wait for each other in a busy loop bring everything to a standstill as soon as
# another process wants a core (measured: boosted trees ten times slower). They sleep instead. Said
# before any library that computes in parallel is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
