"""What accounts charge for a segment, by destination and day."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.delivery import ProviderAccount


class MessagePrice(models.Model):
    """From ``valid_from`` on a segment to numbers that begin with ``prefix`` costs this much.

    In the account's currency. The longest prefix counts, and of it the newest price that is in
    force; where none is listed, the account's own ``unit_cost``.
    """

    account = models.ForeignKey(
        ProviderAccount,
        on_delete=models.PROTECT,
        related_name="prices",
        db_index=False,
        verbose_name=_("provider account"),
    )
    prefix = models.CharField(_("destination"), max_length=8)
    unit_cost = models.DecimalField(_("price of a segment"), max_digits=12, decimal_places=6)
    valid_from = models.DateField(_("valid from"))
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("added by"),
    )
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        verbose_name = _("message price")
        verbose_name_plural = _("message prices")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "prefix", "valid_from"], name="messageprice_once"
            ),
            models.CheckConstraint(condition=Q(unit_cost__gte=0), name="messageprice_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.prefix} {self.valid_from}"
