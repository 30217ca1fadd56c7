"""Sharing conversions among the channels of a path, by a dozen methods. Pure."""
