"""Ways out of the house: one file per vendor, all behind the `Provider` protocol.

The room knows the network, not the tables: it takes frozen messages and
returns outcomes and receipts.  It holds no policy.
"""
