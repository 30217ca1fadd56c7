"""What a customer is worth: clusters by recency, frequency and assets; personas. Pure."""
