"""What is said: templates in versions, and the links inside them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.channels.base import Channel
from campaigns.guards.purpose import APPROVED_FOR
from customers.vocabulary import Purpose


class Template(models.Model):
    """A message by name; what is sent is always one of its approved versions."""

    key = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    channel = models.CharField(
        _("channel"), max_length=10, choices=[(c.value, c.value) for c in Channel]
    )
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """The parts of a message (Liquid), e.g. ``{"subject", "html", "text"}``, with their hash.

    ``product``: the code of what it markets, if anything; suitability is judged by it.
    ``purpose``: what it is reviewed for; by that the wording rules weigh what it says.
    """

    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    parts = models.JSONField(_("parts"))
    product = models.CharField(_("product"), max_length=64, blank=True, default="", db_default="")
    purpose = models.CharField(
        _("purpose"),
        max_length=16,
        choices=[(purpose.value, purpose.value) for purpose in APPROVED_FOR],
        default=Purpose.MARKETING,
        db_default=Purpose.MARKETING,
    )
    # The parts as they are sent, by locale ("" for all others), where they aren't just ``parts``.
    built = models.JSONField(_("parts as sent"), default=dict, blank=True)
    # Parts that read otherwise in other languages, by locale.
    variants = models.JSONField(_("language variants"), default=dict, blank=True)
    tracks_opens = models.BooleanField(_("counts openings"), default=True)
    content_hash = models.CharField(_("content hash"), max_length=64)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="templateversion_number")
        ]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.number}"


class LinkHost(models.Model):
    """A host that messages may link to, with all its subdomains. None at all: any host."""

    host = models.CharField(_("host"), max_length=253, unique=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("added by"),
    )
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        verbose_name = _("link host")
        verbose_name_plural = _("link hosts")

    def __str__(self) -> str:
        return self.host


class Link(models.Model):
    """A target address, tagged with UTM parameters. Tokens in messages point here by id."""

    journey = models.ForeignKey("campaigns.Journey", on_delete=models.PROTECT, related_name="links")
    node = models.CharField(_("node"), max_length=64)
    position = models.PositiveSmallIntegerField(_("position"))
    target = models.TextField(_("target"))
    utm = models.JSONField(_("UTM parameters"), default=dict)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("tracked link")
        verbose_name_plural = _("tracked links")
        constraints = [
            models.UniqueConstraint(fields=["journey", "node", "target"], name="link_once"),
        ]

    def __str__(self) -> str:
        return self.target
