"""The offline toolkit: from material, recorded or generated, to a model that serving picks up."""
