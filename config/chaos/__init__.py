"""The proof by breaking: a campaign is dispatched while processes are killed and providers fail."""
