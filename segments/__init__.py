"""Which of them: rules a marketer can say, who they select, and who was in when."""
