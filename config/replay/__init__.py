"""The demo: two published campaigns replayed through the product's public doors, then judged."""
