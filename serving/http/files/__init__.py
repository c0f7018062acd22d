"""Files sent to clients: the format a client asks for, ranges, and what is missing."""
