"""Segment rules over the event archive, as Ibis expressions for DuckDB or Spark.

`shape` names the archive's tables, `express` turns a rule into an expression, `run` has an engine
carry it out. None of it knows Django or the product's own tables.
"""
