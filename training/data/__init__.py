"""From landmark and label tables to one table of features, and its splits."""
