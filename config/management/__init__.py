"""Commands that run the processes and the embedded servers."""
