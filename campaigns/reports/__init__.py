"""What pages of floor 3 show, as values: codes and times, no words and no markup."""
