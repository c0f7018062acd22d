"""The queue's database: durable workflows, and their agreement with the jobs' folders."""
