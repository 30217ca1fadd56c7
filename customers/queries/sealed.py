"""Columns that hold ciphertexts naming their key, and how those under an older key are found."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """One column that `Keyring.seal` fills; ``binding`` is its associated data, as SQL.

    ``slot``, as SQL, is whose key it takes; empty where it is about nobody. ``order``: in which
    others lock its rows, so that none waits for the other.
    """

    table: str
    column: str
    binding: str
    slot: str = ""
    order: str = "id"


SEALED: Final = (
    SealedColumn(
        table="customers_customer",
        column="name_cipher",
        binding="convert_to('name:' || customer_no, 'UTF8')",
        slot="slot",
        order="customer_no",
    ),
    *(
        SealedColumn(
            table="customers_correction",
            column=column,
            binding="convert_to('correction:' || customer_id || ':' || field, 'UTF8')",
            slot="(SELECT slot FROM customers_customer c WHERE c.id = customer_id)",
        )
        for column in ("before_cipher", "after_cipher")
    ),
    SealedColumn(
        table="customers_answeredrequest",
        column="answer_cipher",
        binding="convert_to('answer:' || source_id || ':' || encode(key_hash, 'hex'), 'UTF8')",
    ),
)


# Shorter than the database takes to see that two wait for each other, one of whom it then ends.
GIVE_WAY: Final = "SET LOCAL lock_timeout = '500ms'"


_SEALED_EARLIER: Final = """{column} IS NOT NULL
      AND substring({column} FROM 1 FOR %(length)s) <> %(prefix)s::bytea"""


STALE_SEALS = f"""
    -- Chosen first, then locked in the order in which others lock.
    SELECT id, {{column}}, {{binding}}, {{slot}} FROM {{table}}
    WHERE {_SEALED_EARLIER} AND id IN (
        SELECT id FROM {{table}} WHERE id > %(after)s AND {_SEALED_EARLIER}
        ORDER BY id LIMIT %(most)s)
    ORDER BY {{order}} FOR NO KEY UPDATE
"""


RESEAL = """
    UPDATE {table} stored SET {column} = decode(given.sealed, 'hex')
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, sealed text)
    WHERE stored.id = given.id
"""


STALE_IDENTITIES = """
    -- Older ones name no slot; they get their customer's. Locked in the order in which files do.
    SELECT i.id, i.kind, i.value_hash, i.ciphertext, i.key_id, c.slot
    FROM customers_identity i JOIN customers_customer c ON c.id = i.customer_id
    WHERE NOT starts_with(i.key_id, %(key_id)s || '@') AND i.id IN (
        SELECT id FROM customers_identity
        WHERE id > %(after)s AND NOT starts_with(key_id, %(key_id)s || '@')
        ORDER BY id LIMIT %(most)s)
    ORDER BY i.customer_id, i.kind, i.value_hash FOR NO KEY UPDATE OF i
"""


REENCRYPT = """
    UPDATE customers_identity stored
    SET ciphertext = decode(given.ciphertext, 'hex'), key_id = given.key_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, ciphertext text, key_id text)
    WHERE stored.id = given.id
"""


STRAY_IDENTITIES = """
    -- Encrypted with somebody else's key: they were given while two were one.
    SELECT i.id, i.kind, i.value_hash, i.ciphertext, i.key_id, c.slot
    FROM customers_identity i JOIN customers_customer c ON c.id = i.customer_id
    WHERE c.id = ANY(%(ids)s::bigint[]) AND i.key_id NOT LIKE '%%@' || lpad(to_hex(c.slot), 16, '0')
    FOR NO KEY UPDATE OF i
"""


STALE_PAYLOADS = """
    -- A quarantined payload is the seal in base64; of an erased person's nothing is left.
    SELECT id, decode(payload, 'base64') FROM customers_quarantine
    WHERE id > %(after)s AND payload <> ''
      AND substring(decode(payload, 'base64') FROM 1 FOR %(length)s) <> %(prefix)s::bytea
    ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE
"""


STORE_PAYLOADS = """
    UPDATE customers_quarantine stored
    SET payload = replace(encode(decode(given.sealed, 'hex'), 'base64'), E'\\n', ''),
        named = ARRAY(
            SELECT decode(name, 'hex') FROM jsonb_array_elements_text(given.named) AS name)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, sealed text, named jsonb)
    WHERE stored.id = given.id
"""
