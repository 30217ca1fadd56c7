"""Handing messages over: accounts, touches, the batches workers claim, receipts."""

from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from campaigns.channels.base import Channel
from campaigns.models.content import TemplateVersion
from campaigns.models.journey import Enrolment, Journey
from campaigns.states import Disposition, Reason, TouchState
from customers.models import Customer

CHANNEL_CHOICES = [(c.value, c.value) for c in Channel]

_FROM_ONE = [MinValueValidator(1, _("Enter 1 or more. To send nothing, deactivate it."))]


class ProviderAccount(models.Model):
    """An account with a vendor. Secrets are one ciphertext; ``unit_cost`` is per segment, where no
    price is listed for the destination (`MessagePrice`)."""

    key = models.SlugField(_("key"), max_length=64, unique=True)
    channel = models.CharField(_("channel"), max_length=10, choices=CHANNEL_CHOICES)
    vendor = models.CharField(_("vendor"), max_length=40)
    base_url = models.CharField(_("base URL"), max_length=300, blank=True)
    options = models.JSONField(_("options"), default=dict, blank=True)
    secrets_cipher = models.BinaryField(null=True)
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=6, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("default for its channel"), default=False)
    weight = models.PositiveSmallIntegerField(
        _("share"),
        default=0,
        help_text=_(
            "Of its channel's messages, in relation to the other accounts. An account with a share"
            " also takes over when another one is down; 0: neither, unless it is the default."
        ),
    )
    per_second = models.PositiveIntegerField(
        _("messages per second"),
        null=True,
        blank=True,
        validators=_FROM_ONE,
        help_text=_("What the vendor bears, over all workers; empty: no limit."),
    )
    per_day = models.PositiveIntegerField(
        _("messages per day"),
        null=True,
        blank=True,
        help_text=_("By the institution's calendar day; empty: no limit."),
    )
    warm_up_from = models.DateField(
        _("warm-up from"),
        null=True,
        blank=True,
        help_text=_("A new sender's first day; from then on the daily limit doubles every day."),
    )
    warm_up_first_day = models.PositiveIntegerField(
        _("messages on the first day"), default=50, validators=_FROM_ONE
    )

    class Meta:
        verbose_name = _("provider account")
        verbose_name_plural = _("provider accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["channel"], condition=Q(is_default=True), name="account_default_per_channel"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class DispatchBatch(models.Model):
    """The unit a worker claims: some hundred touches of one journey over one account.

    Open batches have ``due_at``; a done one has none. ``fence`` rises with each claim, and so does
    ``attempts`` until a claim comes to its end. ``needs_person`` marks batches that may hold failed
    touches or ones of unknown outcome: touches have no index on their state.
    """

    account = models.ForeignKey(
        ProviderAccount,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("provider account"),
    )
    journey = models.ForeignKey(
        Journey,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("journey"),
    )
    due_at = models.DateTimeField(_("due at"), null=True)
    lease_owner = models.CharField(_("claimed by"), max_length=64, blank=True, default="")
    lease_until = models.DateTimeField(_("claimed until"), null=True)
    fence = models.BigIntegerField(_("claims"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    needs_person = models.BooleanField(_("needs a person"), default=False, db_default=False)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("dispatch batch")
        verbose_name_plural = _("dispatch batches")
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="dispatchbatch_due"
            ),
            models.Index(
                fields=["journey"], condition=Q(needs_person=True), name="dispatchbatch_for_person"
            ),
        ]

    def __str__(self) -> str:
        return str(_("batch %(number)s") % {"number": self.pk})


class TouchQuerySet(models.QuerySet["Touch"]):
    """Touches, filtered by what is said aloud."""

    def needing_a_person(self) -> Self:
        """Failed, of unknown outcome, or at an account out of use that none takes over from.

        By way of the batches: touches have no index on their state.
        """
        waiting = Q(
            state=TouchState.DEFERRED, reason=Reason.ACCOUNT_INACTIVE, account__is_active=False
        )
        return self.filter(
            waiting | Q(state__in=[TouchState.AMBIGUOUS, TouchState.FAILED]),
            batch__needs_person=True,
        )


class Touch(models.Model):
    """One message to one customer by one channel for one visit of one node of one enrolment.

    ``key`` is the idempotency key, the same on every attempt; ``content`` and ``content_hash``
    are frozen before the first attempt. ``state`` only rises (`campaigns.states`). ``attempts``
    counts at its present account, ``attempts_elsewhere`` by the ids of those it was moved from.
    ``verdict`` is the newest judgement, with every outcome since that was not plainly accepted.
    """

    key = models.UUIDField(_("idempotency key"), unique=True)
    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, related_name="touches", db_index=False
    )
    journey = models.ForeignKey(
        Journey,
        on_delete=models.PROTECT,
        related_name="touches",
        db_index=False,
        verbose_name=_("journey"),
    )
    node = models.CharField(_("node"), max_length=64)
    visit = models.PositiveIntegerField(_("visit"))
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="touches", db_index=False
    )
    channel = models.CharField(_("channel"), max_length=10, choices=CHANNEL_CHOICES)
    purpose = models.CharField(_("purpose"), max_length=16)
    product = models.CharField(_("product"), max_length=64, blank=True, default="", db_default="")
    account = models.ForeignKey(
        ProviderAccount, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    batch = models.ForeignKey(DispatchBatch, on_delete=models.PROTECT, related_name="touches")
    template_version = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    state = models.CharField(_("state"), max_length=12, default="queued")
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    verdict = models.JSONField(_("verdict"), default=dict)
    content_cipher = models.BinaryField(null=True)
    content_hash = models.CharField(_("content hash"), max_length=64, blank=True, default="")
    fence = models.BigIntegerField(_("claims"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    attempts_elsewhere = models.JSONField(_("attempts at earlier accounts"), null=True)
    may_be_sent = models.BooleanField(_("may have been sent"), default=False)
    due_at = models.DateTimeField(_("due at"))
    expires_at = models.DateTimeField(_("expires at"), null=True)
    provider_id = models.CharField(_("provider's id"), max_length=200, blank=True, default="")
    segments = models.PositiveSmallIntegerField(_("segments"), default=0)
    # Of one segment to this destination, as it was when the touch was handed over.
    unit_cost = models.DecimalField(_("unit cost"), max_digits=12, decimal_places=6, null=True)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=6, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    queued_at = models.DateTimeField(_("queued at"))
    handed_at = models.DateTimeField(_("handed over at"), null=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    opened_at = models.DateTimeField(_("opened at"), null=True)
    clicked_at = models.DateTimeField(_("clicked at"), null=True)

    objects = TouchQuerySet.as_manager()

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "node", "visit"], name="touch_once"),
        ]
        indexes = [
            models.Index(fields=["customer", "-queued_at"], name="touch_by_customer"),
            models.Index(fields=["journey", "channel"], name="touch_by_journey"),
        ]

    def __str__(self) -> str:
        return str(self.key)


class EarlierJudgement(models.Model):
    """What the gates said of a touch, and what came of it, before it was judged once more.

    The newest judgement stands on the touch, so that one sent at the first attempt has no row here.
    Rows are only added. No foreign keys, as for `TouchAlias`.
    """

    touch_id = models.BigIntegerField(_("touch"))
    account_id = models.BigIntegerField(_("provider account"))
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    verdict = models.JSONField(_("verdict"))
    replaced_at = models.DateTimeField(_("replaced at"))

    class Meta:
        verbose_name = _("earlier judgement")
        verbose_name_plural = _("earlier judgements")
        indexes = [
            models.Index(fields=["touch_id"], name="earlierjudgement_by_touch"),
            BrinIndex(fields=["replaced_at"], name="earlierjudgement_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.touch_id} until {self.replaced_at:%Y-%m-%d %H:%M:%S}"


class TouchAlias(models.Model):
    """The id a provider gave to a touch, for receipts that name nothing else.

    A row without a touch is an id that a receipt named before any outcome did. ``earlier`` is
    another touch the provider gave the same id. No foreign keys: checking them would lock the
    touch's row with each message, and touches are not deleted.
    """

    pk = models.CompositePrimaryKey("account_id", "provider_id")
    account_id = models.BigIntegerField()
    provider_id = models.CharField(max_length=200)
    touch_id = models.BigIntegerField(null=True)
    earlier_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("provider's name of a touch")

    def __str__(self) -> str:
        return self.provider_id


class Receipt(models.Model):
    """What a provider reported, once per provider event; unknown ids are kept too."""

    account = models.ForeignKey(
        ProviderAccount, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    provider_event_id = models.CharField(_("provider's event id"), max_length=200)
    touch = models.ForeignKey(Touch, on_delete=models.CASCADE, null=True, related_name="receipts")
    key = models.CharField(_("client reference"), max_length=64, blank=True)
    provider_id = models.CharField(_("provider's id"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=16)
    detail = models.TextField(_("detail"), blank=True)
    at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [
            models.UniqueConstraint(fields=["account", "provider_event_id"], name="receipt_once")
        ]
        indexes = [
            models.Index(
                fields=["account", "provider_id"],
                condition=Q(touch__isnull=True) & ~Q(provider_id=""),
                name="receipt_awaiting_touch",
            ),
            # Arrivals come in order, so that a few pages tell what came after a time.
            BrinIndex(fields=["received_at"], name="receipt_by_arrival"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.provider_event_id}"


class AdvisorTask(models.Model):
    """A touch that a person makes: the advisor's call. The row is the hand-over.

    Whoever holds the claim until ``claimed_until`` is the only one who may call; ``call_at`` is a
    later call agreed upon, and comes before ``due_at``, the end of the SLA, in the day's order.
    """

    touch = models.OneToOneField(Touch, on_delete=models.CASCADE, related_name="task")
    key = models.UUIDField(_("idempotency key"), unique=True)
    queue = models.CharField(_("queue"), max_length=64)
    script = models.TextField(_("script"))
    due_at = models.DateTimeField(_("due at"))
    call_at = models.DateTimeField(_("call again at"), null=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("claimed by"),
    )
    claimed_until = models.DateTimeField(_("claimed until"), null=True)
    disposition = models.CharField(_("disposition"), max_length=40, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("done by"),
    )
    done_at = models.DateTimeField(_("done at"), null=True)

    class Meta:
        verbose_name = _("advisor task")
        verbose_name_plural = _("advisor tasks")
        indexes = [
            models.Index(
                Coalesce("call_at", "due_at"),
                name="advisortask_open",
                condition=Q(done_at__isnull=True),
            ),
            models.Index(
                fields=["queue"], name="advisortask_queue", condition=Q(done_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return str(self.key)


class Call(models.Model):
    """What an advisor says came of a task, once per attempt. The note is sealed.

    Until ``settled_at`` it can be taken back (``undone_at``); settling makes it an event and, if
    somebody was spoken to, a receipt of the touch.
    """

    UNDO: ClassVar = timedelta(seconds=30)

    task = models.ForeignKey(AdvisorTask, on_delete=models.CASCADE, related_name="calls")
    disposition = models.CharField(
        _("disposition"), max_length=12, choices=[(d.value, d.value) for d in Disposition]
    )
    note_cipher = models.BinaryField(null=True)
    withdraws = models.BooleanField(_("withdraws consent to calls"), default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"))
    call_at = models.DateTimeField(_("call again at"), null=True)
    undone_at = models.DateTimeField(_("undone at"), null=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        constraints = [
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(undone_at__isnull=True) & ~Q(disposition="call_later"),
                name="call_ends_its_task_once",
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(settled_at__isnull=True),
                name="call_settled_is_not_undone",
            ),
        ]
        indexes = [
            models.Index(
                fields=["at"],
                name="call_unsettled",
                condition=Q(undone_at__isnull=True, settled_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.disposition} by {self.by_id}"
