"""Columns of the console have names that can be translated; no table changes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0013_suppression"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="advisortask",
            name="claimed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="claimed by",
            ),
        ),
        migrations.AlterField(
            model_name="advisortask",
            name="done_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="done by",
            ),
        ),
        migrations.AlterField(
            model_name="dispatchbatch",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="campaigns.provideraccount",
                verbose_name="provider account",
            ),
        ),
        migrations.AlterField(
            model_name="dispatchbatch",
            name="fence",
            field=models.BigIntegerField(default=0, verbose_name="claims"),
        ),
        migrations.AlterField(
            model_name="dispatchbatch",
            name="journey",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="campaigns.journey",
                verbose_name="journey",
            ),
        ),
        migrations.AlterField(
            model_name="dispatchbatch",
            name="lease_owner",
            field=models.CharField(
                blank=True, default="", max_length=64, verbose_name="claimed by"
            ),
        ),
        migrations.AlterField(
            model_name="dispatchbatch",
            name="lease_until",
            field=models.DateTimeField(null=True, verbose_name="claimed until"),
        ),
        migrations.AlterField(
            model_name="emergencystop",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="campaigns.provideraccount",
                verbose_name="provider account",
            ),
        ),
        migrations.AlterField(
            model_name="emergencystop",
            name="journey",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="campaigns.journey",
                verbose_name="journey",
            ),
        ),
        migrations.AlterField(
            model_name="emergencystop",
            name="release_asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="release asked by",
            ),
        ),
        migrations.AlterField(
            model_name="emergencystop",
            name="released_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="released by",
            ),
        ),
        migrations.AlterField(
            model_name="poisonrow",
            name="enrolment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="poison",
                to="campaigns.enrolment",
                verbose_name="enrolment",
            ),
        ),
        migrations.AlterField(
            model_name="poisonrow",
            name="touch",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="poison",
                to="campaigns.touch",
                verbose_name="touch",
            ),
        ),
        migrations.AlterField(
            model_name="touch",
            name="fence",
            field=models.BigIntegerField(default=0, verbose_name="claims"),
        ),
        migrations.AlterField(
            model_name="touch",
            name="journey",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="touches",
                to="campaigns.journey",
                verbose_name="journey",
            ),
        ),
    ]
