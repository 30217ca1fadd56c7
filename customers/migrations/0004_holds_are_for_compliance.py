from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0003_suitability_facts"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="customer",
            options={
                "permissions": [("view_holds", "Can see holds")],
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
            },
        ),
    ]
