"""What a model predicts for recordings, while they are labelled."""
