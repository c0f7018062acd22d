"""From a table of features and labels to a registered, promoted model."""
