"""Labels while they are edited: rules, history, and what is on disk."""
