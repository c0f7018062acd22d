"""What the service keeps on disk: its data folder, the records of its jobs, and room for both."""
