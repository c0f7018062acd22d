"""The pose table: what each label may look like."""
