"""Columns that hold ciphertexts naming their key, and how those under an older key are found."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """One column that `Keyring.seal` fills; ``binding`` is its associated data, as SQL."""

    table: str
    column: str
    binding: str


SEALED: Final = (
    SealedColumn(
        table="customers_customer",
        column="name_cipher",
        binding="convert_to('name:' || customer_no, 'UTF8')",
    ),
)


STALE_SEALS = """
    SELECT id, {column}, {binding} FROM {table}
    WHERE id > %(after)s AND {column} IS NOT NULL
      AND substring({column} FROM 1 FOR %(length)s) <> %(prefix)s::bytea
    ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE
"""


RESEAL = """
    UPDATE {table} stored SET {column} = decode(given.sealed, 'hex')
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, sealed text)
    WHERE stored.id = given.id
"""


STALE_IDENTITIES = """
    SELECT id, kind, value_hash, ciphertext, key_id FROM customers_identity
    WHERE id > %(after)s AND key_id <> %(key_id)s ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE
"""


REENCRYPT = """
    UPDATE customers_identity stored
    SET ciphertext = decode(given.ciphertext, 'hex'), key_id = given.key_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, ciphertext text, key_id text)
    WHERE stored.id = given.id
"""


STALE_PAYLOADS = """
    -- A quarantined payload is the seal in base64.
    SELECT id, decode(payload, 'base64') FROM customers_quarantine
    WHERE id > %(after)s
      AND substring(decode(payload, 'base64') FROM 1 FOR %(length)s) <> %(prefix)s::bytea
    ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE
"""


STORE_PAYLOADS = """
    UPDATE customers_quarantine stored
    SET payload = replace(encode(decode(given.sealed, 'hex'), 'base64'), E'\\n', '')
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, sealed text)
    WHERE stored.id = given.id
"""
