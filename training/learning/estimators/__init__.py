"""The kinds of models, and fitting them."""
