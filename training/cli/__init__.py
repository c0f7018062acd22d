"""The toolkit's command line, with one module per stage."""
