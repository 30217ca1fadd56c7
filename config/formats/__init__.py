"""How times and days are written where Django would write them as in the United States."""
