"""What may move a customer between segments is noted in the transaction that changes him."""

from typing import ClassVar

from django.db import migrations, models

# Of events only those that a segment asks about: collection pays one look at a small table a
# request for the others. More customers than a thousand at once are no single changes any more.
TRIGGERS = """
CREATE FUNCTION customers_note_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_change (customer_id, kind, name)
    SELECT DISTINCT fresh.customer_id, 'event', fresh.name
    FROM fresh JOIN customers_watchedevent watched ON watched.name = fresh.name
    WHERE fresh.customer_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION customers_note_moved_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_change (customer_id, kind, name)
    SELECT DISTINCT touched.customer_id, 'event', touched.name
    FROM (SELECT customer_id, name FROM fresh UNION SELECT customer_id, name FROM stale) touched
    JOIN customers_watchedevent watched ON watched.name = touched.name
    WHERE touched.customer_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION customers_note_new_customers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM fresh LIMIT 1001) counted) > 1000 THEN
        INSERT INTO customers_change (customer_id, kind, name) VALUES (NULL, 'who', '');
    ELSE
        INSERT INTO customers_change (customer_id, kind, name) SELECT id, 'who', '' FROM fresh;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION customers_note_customers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM fresh LIMIT 1001) counted) > 1000 THEN
        INSERT INTO customers_change (customer_id, kind, name) VALUES (NULL, 'who', '');
    ELSE
        INSERT INTO customers_change (customer_id, kind, name)
        SELECT id, CASE WHEN fresh.status = stale.status THEN 'field' ELSE 'who' END, ''
        FROM fresh JOIN stale USING (id);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION customers_note_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM touched LIMIT 1001) counted) > 1000 THEN
        INSERT INTO customers_change (customer_id, kind, name) VALUES (NULL, 'tag', '');
    ELSE
        INSERT INTO customers_change (customer_id, kind, name)
        SELECT DISTINCT customer_id, 'tag', tag FROM touched;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER event_noted AFTER INSERT ON customers_event
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION customers_note_events();
CREATE TRIGGER event_moved AFTER UPDATE ON customers_event
    REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION customers_note_moved_events();
CREATE TRIGGER customer_added AFTER INSERT ON customers_customer
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION customers_note_new_customers();
CREATE TRIGGER customer_changed AFTER UPDATE ON customers_customer
    REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION customers_note_customers();
CREATE TRIGGER tag_given AFTER INSERT ON customers_tagging
    REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION customers_note_tags();
CREATE TRIGGER tag_changed AFTER UPDATE ON customers_tagging
    REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION customers_note_tags();
CREATE TRIGGER tag_taken AFTER DELETE ON customers_tagging
    REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION customers_note_tags();
"""
UNDO = """
DROP TRIGGER event_noted ON customers_event;
DROP TRIGGER event_moved ON customers_event;
DROP TRIGGER customer_added ON customers_customer;
DROP TRIGGER customer_changed ON customers_customer;
DROP TRIGGER tag_given ON customers_tagging;
DROP TRIGGER tag_changed ON customers_tagging;
DROP TRIGGER tag_taken ON customers_tagging;
DROP FUNCTION customers_note_events();
DROP FUNCTION customers_note_moved_events();
DROP FUNCTION customers_note_new_customers();
DROP FUNCTION customers_note_customers();
DROP FUNCTION customers_note_tags();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0016_corrections_and_key_fields")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="WatchedEvent",
            fields=[
                ("name", models.CharField(max_length=256, primary_key=True, serialize=False)),
            ],
            options={"verbose_name": "watched event"},
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("customer_id", models.BigIntegerField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("event", "event"),
                            ("field", "field"),
                            ("tag", "tag"),
                            ("who", "who"),
                        ],
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(max_length=256)),
            ],
            options={"verbose_name": "change"},
        ),
        migrations.RunSQL(TRIGGERS, UNDO),
    ]
