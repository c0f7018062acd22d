"""A model's predictions for recordings, and the labels it proposes."""
