"""Two recordings of one routine in step: which moment of one is which moment of the other."""
