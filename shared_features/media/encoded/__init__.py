"""Encoded photos as bytes: taken apart before a decoder sees them. Pure functions, no decoding."""
