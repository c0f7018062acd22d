"""The search for hyperparameters and for the number of boosting rounds."""
