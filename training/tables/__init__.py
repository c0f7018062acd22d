"""Tables that people have: their encoding, separator, numbers and column names."""
