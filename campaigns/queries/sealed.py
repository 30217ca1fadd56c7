"""Columns of floor 3 that hold ciphertexts."""

from typing import Final

from customers.queries.sealed import SealedColumn

SEALED: Final = (
    SealedColumn(
        table="campaigns_provideraccount",
        column="secrets_cipher",
        binding="convert_to('account:' || key, 'UTF8')",
    ),
    SealedColumn(
        table="campaigns_touch",
        column="content_cipher",
        binding="convert_to('touch:' || replace(key::text, '-', ''), 'UTF8')",
        slot="(SELECT slot FROM customers_customer c WHERE c.id = customer_id)",
    ),
    SealedColumn(
        table="campaigns_call",
        column="note_cipher",
        binding="(SELECT convert_to('call:' || replace(task.key::text, '-', ''), 'UTF8')"
        " FROM campaigns_advisortask task WHERE task.id = task_id)",
        slot="(SELECT c.slot FROM campaigns_advisortask task"
        " JOIN campaigns_touch t ON t.id = task.touch_id"
        " JOIN customers_customer c ON c.id = t.customer_id WHERE task.id = task_id)",
    ),
    SealedColumn(
        table="campaigns_seed",
        column="address_cipher",
        binding="convert_to(CASE channel WHEN 'sms' THEN 'phone' WHEN 'push' THEN 'device'"
        " WHEN 'wecom' THEN 'unionid' ELSE channel END || ':', 'UTF8') || value_hash",
    ),
)
