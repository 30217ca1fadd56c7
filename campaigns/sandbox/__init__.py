"""The provider sandbox: vendors of every channel as one real server on loopback.

It speaks SMTP, an SMS batch API and an FCM-v1-shaped push API, misbehaves as
told, keeps a ledger of every accept, and sends signed receipts back.  It
imports nothing of the product: what it checks, it checks independently.
"""
