"""Changes of the wording lexicon: written once, approved by another, never changed or deleted."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE SEQUENCE compliance_lexicon_version;
CREATE SEQUENCE compliance_lexicon_rule;
CREATE TRIGGER lexiconchange_is_final BEFORE UPDATE ON compliance_lexiconchange
    FOR EACH ROW WHEN (OLD.status <> 'pending'
        OR (OLD.kind, OLD.rule_id, OLD.text, OLD.category, OLD.severity, OLD.verdict, OLD.basis,
            OLD.products, OLD.neutral, OLD.samples, OLD.explanation_en, OLD.explanation_zh,
            OLD.effective_from, OLD.effective_to, OLD.made_by_id, OLD.made_at)
        IS DISTINCT FROM
           (NEW.kind, NEW.rule_id, NEW.text, NEW.category, NEW.severity, NEW.verdict, NEW.basis,
            NEW.products, NEW.neutral, NEW.samples, NEW.explanation_en, NEW.explanation_zh,
            NEW.effective_from, NEW.effective_to, NEW.made_by_id, NEW.made_at))
    EXECUTE FUNCTION compliance_refuse_change();
CREATE TRIGGER lexiconchange_stays BEFORE DELETE ON compliance_lexiconchange
    FOR EACH ROW EXECUTE FUNCTION compliance_refuse_change();
CREATE TRIGGER lexiconchange_not_emptied BEFORE TRUNCATE ON compliance_lexiconchange
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_refuse_change();
"""

UNDO = """
DROP TRIGGER lexiconchange_not_emptied ON compliance_lexiconchange;
DROP TRIGGER lexiconchange_stays ON compliance_lexiconchange;
DROP TRIGGER lexiconchange_is_final ON compliance_lexiconchange;
DROP SEQUENCE compliance_lexicon_rule;
DROP SEQUENCE compliance_lexicon_version;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("compliance", "0008_audit_entries_by_act"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="LexiconChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("term", "Term"), ("pattern", "Pattern"), ("end", "Last day")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("rule_id", models.CharField(max_length=20, verbose_name="rule")),
                ("text", models.CharField(max_length=120, verbose_name="text")),
                ("category", models.CharField(blank=True, max_length=80, verbose_name="category")),
                (
                    "severity",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("red", "Statute"),
                            ("orange", "Departmental rule or self-regulation"),
                            ("yellow", "Advice"),
                        ],
                        max_length=6,
                        verbose_name="rank of the ground",
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("block", "Forbidden"),
                            ("review", "For a reviewer"),
                            ("notice", "Notice"),
                        ],
                        max_length=6,
                        verbose_name="verdict",
                    ),
                ),
                ("basis", models.CharField(blank=True, max_length=200, verbose_name="basis")),
                (
                    "products",
                    models.JSONField(blank=True, default=list, verbose_name="product kinds"),
                ),
                ("neutral", models.JSONField(blank=True, default=list, verbose_name="exclusions")),
                (
                    "samples",
                    models.JSONField(blank=True, default=list, verbose_name="sample texts"),
                ),
                ("explanation_en", models.TextField(verbose_name="explanation in English")),
                ("explanation_zh", models.TextField(verbose_name="explanation in Chinese")),
                (
                    "effective_from",
                    models.DateField(blank=True, null=True, verbose_name="effective from"),
                ),
                (
                    "effective_to",
                    models.DateField(blank=True, null=True, verbose_name="effective to"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting for review"),
                            ("approved", "Approved"),
                            ("returned", "Returned"),
                        ],
                        default="pending",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                (
                    "version",
                    models.PositiveBigIntegerField(
                        null=True, unique=True, verbose_name="version of the lexicon"
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                (
                    "checked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="checker",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of the lexicon",
                "verbose_name_plural": "changes of the lexicon",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("checked_by__isnull", True),
                            models.Q(("checked_by", models.F("made_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="lexiconchange_maker_is_not_checker",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("checked_by__isnull", True),
                                ("status", "pending"),
                                ("version__isnull", True),
                            ),
                            models.Q(
                                ("checked_by__isnull", False),
                                ("decided_at__isnull", False),
                                models.Q(
                                    models.Q(("status", "approved"), ("version__isnull", False)),
                                    models.Q(("status", "returned"), ("version__isnull", True)),
                                    _connector="OR",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="lexiconchange_verdict_has_a_checker",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("effective_from__isnull", True),
                                ("effective_to__isnull", False),
                                ("kind", "end"),
                            ),
                            models.Q(
                                models.Q(("kind", "end"), _negated=True),
                                ("effective_from__isnull", False),
                                models.Q(
                                    ("effective_to__isnull", True),
                                    ("effective_to__gte", models.F("effective_from")),
                                    _connector="OR",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="lexiconchange_dates_in_order",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "end"), _negated=True),
                        fields=("rule_id",),
                        name="lexiconchange_rule_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
