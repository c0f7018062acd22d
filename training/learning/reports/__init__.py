"""What a person reads about a training: plots, pages and the MLflow record."""
