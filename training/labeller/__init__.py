"""The labelling tool in the browser."""
