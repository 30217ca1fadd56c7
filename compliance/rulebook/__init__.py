"""The rules as shipped data: see ORIGIN.md for where each comes from and how to change it."""
