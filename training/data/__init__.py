"""From a folder of recordings to one table of features and labels."""
