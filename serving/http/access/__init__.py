"""Who may talk to the service: host names, origins, tokens, sessions, limits."""
