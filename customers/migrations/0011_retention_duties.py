"""How long Chinese securities law wants records of customers kept."""

from typing import Any, ClassVar

from django.db import migrations

DUTIES = (
    ("account", 20, "证券法 137: 客户资料保存期限不得少于二十年"),
    ("assessment", 20, "证券期货投资者适当性管理办法 32: 保存期限不得少于20年"),
)


def add_duties(apps: Any, schema_editor: Any) -> None:
    duty = apps.get_model("customers", "RetentionDuty")
    for of, years, basis in DUTIES:
        duty.objects.get_or_create(of=of, defaults={"years": years, "basis": basis})


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0010_erasure")]
    operations: ClassVar = [migrations.RunPython(add_duties, migrations.RunPython.noop)]
