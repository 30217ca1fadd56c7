from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplianceConfig(AppConfig):
    name = "compliance"
    verbose_name = _("Compliance")

    def ready(self) -> None:
        """Have the deployment's checks known."""
        from compliance import checks  # noqa: F401 - needs the models, which stand only now
