"""The HTTP vendors of the sandbox: one file each, written from the vendor's documents.

Account names and secrets are the same everywhere: id `sandbox`, secret
`--api-secret`.
"""
