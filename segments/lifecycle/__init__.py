"""In which stage of the relationship a customer is, and how long a stage must hold. Pure."""
