"""Clips with scores or labels, from tables and from the people who rated them."""
