"""The published data sets the demo replays; origin and licence stand in README.md."""
