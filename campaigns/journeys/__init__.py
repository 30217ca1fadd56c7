"""Journeys as values: parse and check a graph, run a customer through it. Pure."""
