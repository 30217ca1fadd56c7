"""The words of the report page: metrics, methods, reasons, and what each figure means."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from attribution.inference.balance import Flag
from attribution.inference.comparison import Reason, WarningCode

Words = dict[str, str | Promise]

METHODS: Words = {
    "first": _("First touch"),
    "last": _("Last touch"),
    "linear": _("Linear"),
}
METRICS: Words = {
    "visit": _("Visits"),
    "conversion": _("Conversions"),
    "spend": _("Revenue per customer"),
}
ENROLMENTS: Words = {
    "active": _("Active"),
    "waiting": _("Waiting"),
    "done": _("Done"),
    "exited": _("Exited early"),
    "failed": _("Failed"),
}
WHY_NO_ROI: Words = {
    "no_goal": _("No conversion goal is set for this campaign."),
    "goal_without_revenue": _("The goal carries no revenue, so a return cannot be computed."),
    "no_cost": _("No cost is recorded, so a return cannot be computed."),
}
DECLINED: Words = {
    Reason.EMPTY_ARM.value: _("Nobody is in the arm."),
    Reason.EMPTY_CONTROL.value: _("Nobody is in the control arm."),
    Reason.TOO_FEW_UNITS.value: _("Fewer than two customers: there is no spread to judge by."),
    Reason.NO_SUCCESSES.value: _("It happened in neither arm."),
    Reason.ALL_SUCCESSES.value: _("It happened to everybody in both arms."),
    Reason.ZERO_VARIANCE.value: _("Every customer has the same value."),
    Reason.ZERO_DENOMINATOR.value: _("The denominator adds up to zero."),
    Reason.CONSTANT_COVARIATE.value: _("The covariate is the same for everybody."),
    Reason.CONTROL_NEAR_ZERO.value: _("The control is too close to zero for a relative interval."),
}
CAUTIONS: Words = {
    WarningCode.SMALL_CELLS.value: _("Few cases: read the interval rather than the p-value."),
    WarningCode.LARGE_LIFT.value: _("An unusually large lift: check the data before believing it."),
    WarningCode.PRE_PERIOD_IMBALANCE.value: _("The arms differed already before the campaign."),
}
BALANCE: Words = {
    Flag.OK.value: _("The arms have the sizes the split was meant to give."),
    Flag.WARN.value: _("The arms' sizes are unlikely under the planned split: look into it."),
    Flag.BLOCK.value: _(
        "The arms' sizes do not fit the planned split. Do not trust the figures below before the "
        "cause is known."
    ),
    Flag.UNDECIDED.value: _("Too little data to check the arms' sizes."),
}

TOUCHES = _("Messages decided for this channel, sent or not.")
DELIVERED = _("Messages the provider reported as delivered.")
CLICKS = _("Delivered messages with at least one click by a person; scanners are left out.")
CONVERSIONS = _("Goal events credited to the channel by the method named above, in the window.")
REVENUE = _("Value carried by those goal events.")
COST = _("What the provider charged for the touches, and further costs entered for the channel.")
ROI = _("(Revenue × margin − cost) ÷ cost. 0% means the money came back exactly.")
CPA = _("Cost per acquisition: cost ÷ conversions.")
LIFT_ABSOLUTE = _("Arm minus control; for shares in percentage points (pp).")
LIFT_RELATIVE = _("Arm minus control, as a share of control.")
INTERVAL = _("Would cover the true difference in 95 of 100 experiments like this one.")
STATISTIC = _("z of the pooled two-proportion test for shares, t of Welch's test for means.")
P_VALUE = _("How often chance alone would give a difference at least this large.")
P_ADJUSTED = _("The p-value corrected for the number of arms compared (Holm).")
SRM = _("Sample ratio mismatch: a chi-square test of the arms' sizes against the planned split.")
METHOD_NOTES: Words = {
    "first": _("First touch gives all credit to the first message before the conversion."),
    "last": _("Last touch gives all credit to the last message before the conversion."),
    "linear": _("Linear shares the credit equally among all messages before the conversion."),
}
CAUSAL = _(
    "Attribution describes which messages came before a conversion. Only the experiment says "
    "what the messages caused."
)
