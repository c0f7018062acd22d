"""Bodies of requests and responses: within limits, and without holding up other requests."""
