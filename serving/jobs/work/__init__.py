"""The work done for a job: run with its attempts and its outcome on record, in worker processes."""
