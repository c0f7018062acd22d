"""From features to probabilities, and from probabilities to a timeline."""
