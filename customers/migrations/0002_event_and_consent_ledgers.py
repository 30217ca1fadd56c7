"""The event table in monthly partitions, and consents that can only be added.

The partitions themselves are made before the first insert into a month
(`customers.queries.ensure_partitions`); there is no default partition, which would have to be
emptied before a month's own could be made.
"""

from typing import ClassVar

from django.db import migrations

EVENT = """
CREATE SEQUENCE customers_event_id_seq;
CREATE TABLE customers_event (
    id bigint NOT NULL DEFAULT nextval('customers_event_id_seq'),
    source_id bigint NOT NULL,
    message_id varchar(256) NOT NULL,
    kind varchar(10) NOT NULL,
    name varchar(256) NOT NULL,
    customer_id bigint,
    user_id varchar(256),
    anonymous_id varchar(256),
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    properties jsonb NOT NULL DEFAULT '{}',
    context jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (occurred_at, id)
) PARTITION BY RANGE (occurred_at);
ALTER SEQUENCE customers_event_id_seq OWNED BY customers_event.id;
CREATE INDEX customers_event_customer ON customers_event (customer_id, name, occurred_at);
CREATE INDEX customers_event_name ON customers_event (name, occurred_at, customer_id);
CREATE INDEX customers_event_received ON customers_event USING brin (received_at);
"""

CONSENT = """
CREATE FUNCTION customers_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE ON customers_consent
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
CREATE TRIGGER event_append_only BEFORE UPDATE ON customers_event
    FOR EACH ROW WHEN (OLD.message_id <> NEW.message_id OR OLD.name <> NEW.name)
    EXECUTE FUNCTION customers_refuse_change();
"""

UNDO = """
DROP TRIGGER consent_append_only ON customers_consent;
DROP TABLE customers_event;
DROP FUNCTION customers_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(EVENT + CONSENT, UNDO)]
