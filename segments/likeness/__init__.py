"""Who resembles the members of a segment: features, model, curve, and which lists may be a seed."""
