"""Of a touch judged more than once every judgement stays, with every outcome it had."""

from typing import ClassVar

import django.contrib.postgres.indexes
from django.db import migrations, models

# An answer that repeats the one before is counted, not listed: a provider that does not know is
# asked every few seconds.
OUTCOMES = """
CREATE FUNCTION campaigns_with_outcome(
    verdict jsonb, at timestamptz, state text, reason text, answer text, due_at timestamptz
) RETURNS jsonb LANGUAGE sql STABLE AS $$
SELECT CASE
    WHEN verdict #>> '{outcomes,-1,state}' = state
     AND verdict #>> '{outcomes,-1,reason}' = reason
     AND verdict #>> '{outcomes,-1,answer}' = answer
    THEN jsonb_set(verdict, '{outcomes,-1}', verdict #> '{outcomes,-1}' || jsonb_build_object(
        'times', coalesce((verdict #>> '{outcomes,-1,times}')::int, 1) + 1,
        'last_at', at, 'due_at', due_at))
    ELSE verdict || jsonb_build_object('outcomes',
        coalesce(verdict -> 'outcomes', '[]') || jsonb_build_object(
            'at', at, 'state', state, 'reason', reason, 'answer', answer, 'due_at', due_at))
END
$$;
CREATE TRIGGER earlierjudgement_append_only BEFORE UPDATE ON campaigns_earlierjudgement
    FOR EACH ROW EXECUTE FUNCTION campaigns_refuse_change();
"""
UNDO = """
DROP TRIGGER earlierjudgement_append_only ON campaigns_earlierjudgement;
DROP FUNCTION campaigns_with_outcome(jsonb, timestamptz, text, text, text, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("campaigns", "0022_decisions_on_record")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="EarlierJudgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("touch_id", models.BigIntegerField(verbose_name="touch")),
                ("account_id", models.BigIntegerField(verbose_name="provider account")),
                ("reason", models.CharField(blank=True, max_length=40, verbose_name="reason")),
                ("verdict", models.JSONField(verbose_name="verdict")),
                ("replaced_at", models.DateTimeField(verbose_name="replaced at")),
            ],
            options={
                "verbose_name": "earlier judgement",
                "verbose_name_plural": "earlier judgements",
                "indexes": [
                    models.Index(fields=["touch_id"], name="earlierjudgement_by_touch"),
                    django.contrib.postgres.indexes.BrinIndex(
                        fields=["replaced_at"], name="earlierjudgement_by_age"
                    ),
                ],
            },
        ),
        migrations.RunSQL(OUTCOMES, UNDO),
    ]
