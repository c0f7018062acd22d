"""An ``Analysis`` to files, one module per format.

The same analysis gives the same bytes: nothing here looks at a clock.
"""
