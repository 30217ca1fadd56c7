"""Segment rules: JSON → `parse` → `check` → `compile` to SQL, `evaluate` it or `explain` it.

Pure: values in, values out. `tree` holds the shapes, `catalog` what may be filtered by.
"""
