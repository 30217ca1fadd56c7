"""Answers on record: the database refuses to change one, or to drop one but by pruning."""

import uuid

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE FUNCTION campaigns_refuse_decision_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('touchstone.prunes_decisions', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON campaigns_decision
    FOR EACH ROW EXECUTE FUNCTION campaigns_refuse_decision_change();

CREATE TRIGGER confirmation_append_only BEFORE UPDATE OR DELETE ON campaigns_confirmation
    FOR EACH ROW EXECUTE FUNCTION campaigns_refuse_decision_change();
"""

UNDO = """
DROP TRIGGER confirmation_append_only ON campaigns_confirmation;
DROP TRIGGER decision_append_only ON campaigns_decision;
DROP FUNCTION campaigns_refuse_decision_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0021_attempts_by_account"),
        ("customers", "0007_professional_evidence"),
    ]

    operations = [
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, primary_key=True, serialize=False, verbose_name="number"
                    ),
                ),
                ("product", models.CharField(max_length=64, verbose_name="product")),
                ("verdict", models.CharField(max_length=20, verbose_name="verdict")),
                ("question", models.JSONField(verbose_name="question")),
                ("answer", models.JSONField(verbose_name="answer")),
                ("rules", models.JSONField(default=dict, verbose_name="rule versions")),
                ("rules_hash", models.CharField(max_length=64, verbose_name="hash of the rules")),
                ("asked_by", models.CharField(max_length=80, verbose_name="asked by")),
                ("decided_at", models.DateTimeField(verbose_name="decided at")),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="customers.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
            },
        ),
        migrations.CreateModel(
            name="Confirmation",
            fields=[
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="confirmation",
                        serialize=False,
                        to="campaigns.decision",
                    ),
                ),
                ("warning", models.TextField(verbose_name="warning")),
                ("evidence", models.JSONField(verbose_name="evidence")),
                ("recorded_by", models.CharField(max_length=80, verbose_name="recorded by")),
                ("confirmed_at", models.DateTimeField(verbose_name="confirmed at")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded at")),
            ],
            options={
                "verbose_name": "confirmation",
                "verbose_name_plural": "confirmations",
            },
        ),
        migrations.AddIndex(
            model_name="decision",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["decided_at"], name="decision_by_time"
            ),
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
