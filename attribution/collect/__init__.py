"""Reading what comes back: UTM tags, channel groups, and touches stitched into journeys. Pure."""
