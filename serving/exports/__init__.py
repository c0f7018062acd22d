"""Writes an ``Analysis`` to files, one module per format.

The same analysis gives the same bytes: no file contains the current time.
"""
