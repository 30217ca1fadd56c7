"""Shapes that all pages of the console share: what they show, lists, and buttons."""
