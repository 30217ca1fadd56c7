"""Judging an experiment from sufficient statistics, never from rows. Pure.

Sign convention everywhere: arm minus control.
"""
