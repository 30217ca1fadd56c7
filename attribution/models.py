"""What came of it: clicks, goals, conversions, costs, experiments, and the runs that judged."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Journey, Link, Touch
from customers.models import Customer


class Click(models.Model):
    """A request for a tracked link. Scanners and prefetchers are kept and not counted."""

    touch = models.ForeignKey(Touch, on_delete=models.CASCADE, related_name="clicks")
    link = models.ForeignKey(Link, on_delete=models.PROTECT, related_name="clicks")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    click_id = models.UUIDField(_("click id"), unique=True)
    at = models.DateTimeField(_("at"))
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    is_bot = models.BooleanField(_("machine"), default=False)
    reason = models.CharField(_("why a machine"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("click")
        verbose_name_plural = _("clicks")
        indexes = [models.Index(fields=["touch", "is_bot"], name="click_by_touch")]

    def __str__(self) -> str:
        return str(self.click_id)


class Open(models.Model):
    """That a message's picture was fetched: by whom, when first, how often.

    Some mail programs fetch it for every message that arrives, so this is no proof of reading.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Mail program")
        PROXY = "image_proxy", _("Mail provider's proxy, on opening")
        APPLE = "apple_privacy", _("Apple Mail Privacy Protection, read or not")
        MACHINE = "machine", _("Machine")

    touch = models.ForeignKey(
        Touch, on_delete=models.CASCADE, related_name="opens", verbose_name=_("touch")
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    kind = models.CharField(_("fetched by"), max_length=16, choices=Kind.choices)
    times = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first at"))
    last_at = models.DateTimeField(_("last at"))
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("opening")
        verbose_name_plural = _("openings")
        constraints = [models.UniqueConstraint(fields=["touch", "kind"], name="open_kind_once")]

    def __str__(self) -> str:
        return f"{self.touch_id} {self.kind}"


class Goal(models.Model):
    """What counts as success: one of these events, after entry into the journey.

    A row is one definition and is never changed. Another definition is another row with the next
    ``number``, in force from then on; each has its own conversions, so that they never mix.

    ``value_property`` names the numeric property that is the revenue; empty: the goal has no
    money in it, and ROI is not given.
    """

    class Kind(models.TextChoices):
        VISIT = "visit", _("Visit")
        CONVERSION = "conversion", _("Conversion")

    key = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    journey = models.ForeignKey(
        Journey, on_delete=models.PROTECT, related_name="goals", verbose_name=_("journey")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    events = models.JSONField(_("events"))
    value_property = models.CharField(_("revenue property"), max_length=64, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    margin = models.DecimalField(_("margin of revenue"), max_digits=6, decimal_places=4, default=1)
    window = models.DurationField(_("attribution window"))
    number = models.PositiveIntegerField(_("number"), default=1)
    in_force_from = models.DateTimeField(_("in force from"))

    class Meta:
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        constraints = [
            models.UniqueConstraint(
                fields=["journey", "kind", "number"], name="goal_number_per_journey"
            ),
            models.CheckConstraint(
                condition=Q(margin__gte=0) & Q(margin__lte=1), name="goal_margin_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Conversion(models.Model):
    """An event that met a goal, counted once. The value is as the event carried it."""

    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="conversions")
    source_id = models.BigIntegerField()
    message_id = models.CharField(max_length=256)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    occurred_at = models.DateTimeField(_("occurred at"))
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=4, default=0)
    # Set where the event names another currency than its goal's: its value is then left out.
    foreign_currency = models.CharField(_("other currency"), max_length=3, blank=True, default="")
    utm = models.JSONField(_("UTM parameters"), default=dict)
    # When its event had arrived and its person was known, which may be long after it occurred.
    known_at = models.DateTimeField(_("known at"))

    class Meta:
        verbose_name = _("conversion")
        verbose_name_plural = _("conversions")
        constraints = [
            models.UniqueConstraint(
                fields=["goal", "source_id", "message_id"], name="conversion_once"
            )
        ]
        indexes = [models.Index(fields=["goal", "customer"], name="conversion_by_customer")]

    def __str__(self) -> str:
        return f"{self.goal_id} {self.message_id}"


class ChannelCost(models.Model):
    """Money spent on a channel of a campaign beyond what each touch cost (media, rewards)."""

    journey = models.ForeignKey(
        Journey, on_delete=models.PROTECT, related_name="costs", verbose_name=_("journey")
    )
    channel = models.CharField(_("channel"), max_length=10)
    on = models.DateField(_("day"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("channel cost")
        verbose_name_plural = _("channel costs")
        constraints = [
            models.UniqueConstraint(
                fields=["journey", "channel", "on", "note"], name="channelcost_once"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="channelcost_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.journey_id} {self.channel} {self.on}"


class Experiment(models.Model):
    """A randomised comparison at one node of a journey. ``arms`` maps label to weight.

    ``node``: where the newest version has it.
    """

    key = models.SlugField(_("key"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    journey = models.ForeignKey(
        Journey, on_delete=models.PROTECT, related_name="experiments", verbose_name=_("journey")
    )
    node = models.CharField(_("node"), max_length=64)
    arms = models.JSONField(_("arms"))
    control = models.CharField(_("control arm"), max_length=64)
    registered_at = models.DateTimeField(_("registered at"))

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")

    def __str__(self) -> str:
        return self.name


class Exposure(models.Model):
    """A customer came to the node and took this arm; his first arm is the one that counts."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="exposures")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    arm = models.CharField(_("arm"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")
        constraints = [
            models.UniqueConstraint(fields=["experiment", "customer"], name="exposure_first_arm")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.arm}"


class CollectCursor(models.Model):
    """How far a reader has read a ledger below; reading again is harmless."""

    key = models.CharField(max_length=64, primary_key=True)
    read_until = models.DateTimeField()

    class Meta:
        verbose_name = _("read position")


class ReportRun(models.Model):
    """A report as it was computed: inputs, parameters, cut-off and result, to make it again."""

    kind = models.CharField(_("report"), max_length=20)
    subject = models.CharField(_("subject"), max_length=80)
    method = models.CharField(_("method"), max_length=80)
    parameters = models.JSONField(_("parameters"), default=dict)
    cut_off = models.DateTimeField(_("data as of"))
    rows_read = models.JSONField(_("rows read"), default=dict)
    result = models.JSONField(_("result"))
    result_hash = models.CharField(_("hash of the result"), max_length=64)
    made_at = models.DateTimeField(_("computed at"))
    seconds = models.FloatField(_("seconds"))

    class Meta:
        verbose_name = _("report run")
        verbose_name_plural = _("report runs")
        indexes = [models.Index(fields=["kind", "subject", "-made_at"], name="reportrun_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(cut_off__lte=F("made_at")), name="reportrun_cut_off_not_ahead"
            )
        ]

    def __str__(self) -> str:
        return self.subject
