import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER rulepack_in_force_is_final BEFORE UPDATE ON compliance_rulepack
    FOR EACH ROW WHEN (OLD.status <> 'pending' AND (OLD.rules <> NEW.rules
        OR OLD.key <> NEW.key OR OLD.version <> NEW.version
        OR OLD.effective_from <> NEW.effective_from))
    EXECUTE FUNCTION compliance_refuse_change();
CREATE TRIGGER rulepack_stays BEFORE DELETE ON compliance_rulepack
    FOR EACH ROW WHEN (OLD.status <> 'pending') EXECUTE FUNCTION compliance_refuse_change();
"""

UNDO = """
DROP TRIGGER rulepack_stays ON compliance_rulepack;
DROP TRIGGER rulepack_in_force_is_final ON compliance_rulepack;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0003_audit_head"),
    ]

    operations = [
        migrations.AddField(
            model_name="rulepack",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="made by",
            ),
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=64, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("kind", models.CharField(blank=True, max_length=40, verbose_name="kind")),
                (
                    "issuer_risk",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="issuer's rating"
                    ),
                ),
                (
                    "distributor_risk",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="our rating"
                    ),
                ),
                (
                    "asset_class",
                    models.CharField(blank=True, max_length=40, verbose_name="asset class"),
                ),
                (
                    "horizon_months",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="horizon (months)"
                    ),
                ),
                (
                    "regions",
                    models.JSONField(blank=True, default=list, verbose_name="licence area"),
                ),
                (
                    "is_public",
                    models.BooleanField(default=True, verbose_name="offered to the public"),
                ),
                ("is_complex", models.BooleanField(default=False, verbose_name="complex")),
                (
                    "permission",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="needs the permission"
                    ),
                ),
                (
                    "opens",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="opens the permission"
                    ),
                ),
                ("updated_at", models.DateTimeField(verbose_name="updated at")),
            ],
            options={
                "verbose_name": "product",
                "verbose_name_plural": "products",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("issuer_risk__isnull", True),
                                ("issuer_risk__range", (1, 5)),
                                _connector="OR",
                            ),
                            models.Q(
                                ("distributor_risk__isnull", True),
                                ("distributor_risk__range", (1, 5)),
                                _connector="OR",
                            ),
                        ),
                        name="product_risk_is_r1_to_r5",
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARDS, UNDO),
    ]
