"""What the process needs: files, threads, memory, cores and the console."""
