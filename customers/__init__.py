"""Floor 1: who the customers are, what they allow, what they did."""
