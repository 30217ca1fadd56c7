"""Columns of floor 3 that hold ciphertexts."""

from typing import Final

from customers.queries.sealed import SealedColumn

SEALED: Final = (
    SealedColumn(
        table="campaigns_provideraccount", column="secrets_cipher", binding="'account:' || key"
    ),
    SealedColumn(
        table="campaigns_touch",
        column="content_cipher",
        binding="'touch:' || replace(key::text, '-', '')",
    ),
    SealedColumn(
        table="campaigns_call",
        column="note_cipher",
        binding="(SELECT 'call:' || replace(task.key::text, '-', '')"
        " FROM campaigns_advisortask task WHERE task.id = task_id)",
    ),
)
