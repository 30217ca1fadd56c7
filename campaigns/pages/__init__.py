"""Pages of the console that are no tables: the advisor's workbench."""
