"""How good a model is, on recordings it has not learned from."""
