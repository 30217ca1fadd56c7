"""The provider sandbox: vendors of every channel as one real server on loopback.

It speaks SMTP, SMPP 3.4, HTTP/2 for Apple's service and the HTTP APIs of the
vendors in `vendors/`, misbehaves as told, keeps a ledger of every accept, and
sends signed receipts back.  It imports nothing of the product: what it checks,
it checks independently.
"""
