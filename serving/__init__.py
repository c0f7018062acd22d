"""The real-time inference service and its command line.

Imports ``shared_features`` and nothing of ``training``: what it serves is a model file that
describes itself.
"""
