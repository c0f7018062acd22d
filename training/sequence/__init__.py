"""Models over sequences of landmarks: what they learn from, networks, training and export."""
