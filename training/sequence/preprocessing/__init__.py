"""What is done to clips before a model learns from them, as steps that can be switched."""
