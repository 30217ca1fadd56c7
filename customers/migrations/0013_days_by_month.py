"""Balances and positions by day, in monthly partitions made when a file brings the month.

Who reads asks for an account's newest days: the primary key answers that, month by month from the
newest, and stops at the first that has any.
"""

from typing import ClassVar

from django.db import migrations

TABLES = """
CREATE TABLE customers_assetday (
    account_id bigint NOT NULL,
    valued_on date NOT NULL,
    currency varchar(3) NOT NULL,
    cash numeric(20, 4) NOT NULL,
    market_value numeric(20, 4) NOT NULL,
    debt numeric(20, 4) NOT NULL,
    net numeric(20, 4) NOT NULL,
    inflow numeric(20, 4),
    outflow numeric(20, 4),
    pnl numeric(20, 4),
    residual numeric(20, 4),
    quality varchar(16) NOT NULL,
    load_id bigint NOT NULL,
    PRIMARY KEY (account_id, valued_on)
) PARTITION BY RANGE (valued_on);
CREATE INDEX customers_assetday_day ON customers_assetday USING brin (valued_on);
CREATE TABLE customers_positionday (
    account_id bigint NOT NULL,
    held_on date NOT NULL,
    product_id bigint NOT NULL,
    quantity numeric(24, 8) NOT NULL,
    price numeric(20, 8),
    market_value numeric(20, 4) NOT NULL,
    currency varchar(3) NOT NULL,
    quality varchar(16) NOT NULL,
    load_id bigint NOT NULL,
    PRIMARY KEY (account_id, held_on, product_id)
) PARTITION BY RANGE (held_on);
CREATE INDEX customers_positionday_day ON customers_positionday USING brin (held_on);
"""
UNDO = "DROP TABLE customers_positionday; DROP TABLE customers_assetday;"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0012_wealth")]
    operations: ClassVar = [migrations.RunSQL(TABLES, UNDO)]
