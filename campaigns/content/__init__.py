"""What a message says: Liquid templates, UTM tags, signed links. No tables, no clock."""
