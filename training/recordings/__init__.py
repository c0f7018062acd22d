"""Recordings: finding and grouping them, and processing them stage by stage."""
