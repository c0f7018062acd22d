"""How decoded pixels are shown: turned, mirrored, letterboxed, tone-mapped. Arrays in and out."""
