"""The kinds of models, and how one is fitted."""
