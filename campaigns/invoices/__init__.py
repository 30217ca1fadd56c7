"""A provider's invoice as a file: read line by line, without tables or clock."""
