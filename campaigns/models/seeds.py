"""Staff who get test messages, and the test messages they got: beside touches, never among them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.channels.base import Channel
from campaigns.models.content import TemplateVersion
from campaigns.models.delivery import ProviderAccount

_STAFF = settings.AUTH_USER_MODEL


class SeedList(models.Model):
    """Addresses of our own people: whoever is on it agreed to get test messages."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        _STAFF, on_delete=models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("seed list")
        verbose_name_plural = _("seed lists")

    def __str__(self) -> str:
        return self.name


class Seed(models.Model):
    """One person's address for one channel, sealed; ``label`` says whose it is."""

    seed_list = models.ForeignKey(SeedList, on_delete=models.CASCADE, related_name="seeds")
    channel = models.CharField(
        _("channel"), max_length=10, choices=[(c.value, c.value) for c in Channel]
    )
    label = models.CharField(_("whose"), max_length=80)
    value_hash = models.BinaryField(max_length=32)
    address_cipher = models.BinaryField()
    added_by = models.ForeignKey(
        _STAFF, on_delete=models.PROTECT, related_name="+", verbose_name=_("added by")
    )
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        verbose_name = _("seed")
        verbose_name_plural = _("seeds")
        constraints = [
            models.UniqueConstraint(fields=["seed_list", "channel", "value_hash"], name="seed_once")
        ]

    def __str__(self) -> str:
        return self.label


class SeedMessage(models.Model):
    """One test message and what its provider answered; no touch, no contact, in no figure.

    ``outcome`` is empty until the provider answered: whoever was interrupted in between left it so.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")
        UNAVAILABLE = "unavailable", _("Not sent: the provider was not available")
        UNKNOWN = "unknown", _("Unknown: it may have been sent")

    key = models.UUIDField(_("idempotency key"), unique=True)
    version = models.ForeignKey(
        TemplateVersion,
        on_delete=models.PROTECT,
        related_name="test_sends",
        verbose_name=_("template version"),
    )
    account = models.ForeignKey(
        ProviderAccount,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("provider account"),
    )
    list_name = models.CharField(_("seed list"), max_length=80)
    label = models.CharField(_("whose"), max_length=80)
    masked = models.CharField(_("address"), max_length=120)
    customer_no = models.CharField(_("as customer"), max_length=64, blank=True)
    locale = models.CharField(_("language"), max_length=35, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    provider_id = models.CharField(_("provider's id"), max_length=200, blank=True)
    answer = models.CharField(_("provider's answer"), max_length=300, blank=True)
    sent_by = models.ForeignKey(
        _STAFF, on_delete=models.PROTECT, related_name="+", verbose_name=_("sent by")
    )
    sent_at = models.DateTimeField(_("sent at"))

    class Meta:
        verbose_name = _("test message")
        verbose_name_plural = _("test messages")
        indexes = [models.Index(fields=["sent_by", "sent_at"], name="seedmessage_by_person")]

    def __str__(self) -> str:
        return str(self.key)
