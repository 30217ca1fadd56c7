"""WeCom (企业微信): messages to staff and tasks to write to customers."""
