"""The gates before every send: each pure, each with a reason code. They fail closed."""
