"""Points and reasons for a hold or a repetition, from its landmarks alone."""
