"""The dictionary of tags; a version of a tag stays as it was made."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TRIGGER = """
CREATE TRIGGER tagversion_append_only BEFORE UPDATE OR DELETE ON segments_tagversion
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
"""
UNDO = "DROP TRIGGER tagversion_append_only ON segments_tagversion;"


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0005_member_exports"),
        ("customers", "0021_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("namespace", models.SlugField(max_length=40, verbose_name="namespace")),
                ("key", models.SlugField(max_length=64, unique=True, verbose_name="key")),
                (
                    "name_en",
                    models.CharField(max_length=120, unique=True, verbose_name="name (English)"),
                ),
                (
                    "name_zh",
                    models.CharField(max_length=120, unique=True, verbose_name="name (Chinese)"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "in use"),
                            ("missing", "source missing"),
                            ("retiring", "retiring"),
                            ("retired", "retired"),
                        ],
                        default="active",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "retires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="retires at"),
                ),
                ("created_at", models.DateTimeField(verbose_name="created at")),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("retires_at__isnull", False), ("state", "retiring")),
                            models.Q(("state", "retiring"), _negated=True),
                            _connector="OR",
                        ),
                        name="tag_retires_at_some_time",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="segment",
            name="tag",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="segment",
                to="segments.tag",
            ),
        ),
        migrations.CreateModel(
            name="TagVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("owner", models.CharField(max_length=120, verbose_name="owner")),
                ("scene", models.CharField(max_length=200, verbose_name="scene")),
                ("purpose", models.CharField(max_length=200, verbose_name="purpose")),
                ("definition", models.TextField(verbose_name="definition")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("file", "file"),
                            ("api", "api"),
                            ("rule", "rule"),
                            ("statistic", "statistic"),
                            ("model", "model"),
                        ],
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                ("rule", models.JSONField(blank=True, null=True, verbose_name="rule")),
                (
                    "ttl_days",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3650),
                        ],
                        verbose_name="term (days)",
                    ),
                ),
                (
                    "refresh",
                    models.CharField(
                        choices=[
                            ("rt", "live"),
                            ("1h", "hourly"),
                            ("1d", "daily"),
                            ("1m", "monthly"),
                        ],
                        max_length=2,
                        verbose_name="refresh",
                    ),
                ),
                (
                    "missing",
                    models.CharField(blank=True, max_length=200, verbose_name="missing source"),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="segments.tag",
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a tag",
                "verbose_name_plural": "versions of tags",
                "constraints": [
                    models.UniqueConstraint(fields=("tag", "number"), name="tagversion_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("owner", ""),
                            ("scene", ""),
                            ("purpose", ""),
                            ("definition", ""),
                            _connector="OR",
                            _negated=True,
                        ),
                        name="tagversion_has_owner_scene_purpose",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ttl_days__gte", 1), ("ttl_days__lte", 3650)),
                        name="tagversion_has_term",
                    ),
                ],
            },
        ),
        migrations.RunSQL(TRIGGER, UNDO),
    ]
