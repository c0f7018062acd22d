"""Training of one model with one batch size and learning rate, and of a grid of them."""
