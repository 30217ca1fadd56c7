"""Customer numbers that somebody brought, before they become the members of a static list."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ListUpload(models.Model):
    """What was found in the numbers; nothing of it is in the list before ``state`` says so.

    ``problems`` are ``[line, code, number]``; the number of a customer of ours is not repeated
    there, so that whoever is erased is nowhere by his number.
    """

    class State(models.TextChoices):
        STAGED = "staged", _("Waiting for your word")
        TAKEN = "taken", _("Taken over")
        DROPPED = "dropped", _("Discarded")

    key = models.SlugField(_("key"), max_length=80)
    name = models.CharField(_("name"), max_length=120)
    file_name = models.CharField(_("file"), max_length=255, blank=True)
    replaces = models.BooleanField(_("replaces the list"), default=False)
    lines = models.PositiveIntegerField(_("lines"))
    known = models.PositiveIntegerField(_("customers found"))
    customers = models.JSONField(default=list)  # ids; emptied when the word is spoken
    problems = models.JSONField(default=list)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.STAGED)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    made_at = models.DateTimeField(_("uploaded at"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("list upload")
        verbose_name_plural = _("list uploads")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="staged", decided_at__isnull=True)
                | Q(state__in=["taken", "dropped"], decided_at__isnull=False, customers=[]),
                name="listupload_keeps_nobody_once_decided",
            )
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.file_name or self.pk}"
