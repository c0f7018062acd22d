"""The command line of the toolkit: one module per stage."""
