"""E-mail vendors: rendering to MIME and talking SMTP."""
