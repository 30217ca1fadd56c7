"""What the audit trail tells of, in the reader's words; codes stay codes in the table and the hash.

Every floor writes to the trail; its words stand here, beside the page that shows it, and a test
finds the act that nobody gave a word.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: dict[str, str | Promise] = {
    "account.activate": _("Account: switched on"),
    "account.approved": _("Account: address approved"),
    "account.deactivate": _("Account: switched off"),
    "account.edit": _("Account: changed"),
    "account.returned": _("Account: address returned"),
    "account.rotate_secret": _("Account: secret changed"),
    "account.save": _("Account: saved"),
    "account.submit": _("Account: address submitted for review"),
    "account.test": _("Account: test message"),
    "cost.record": _("Costs: recorded"),
    "emergency.ask_release": _("Emergency stop: release asked for"),
    "emergency.release": _("Emergency stop: released"),
    "emergency.stop": _("Emergency stop: ordered"),
    "invoice.take": _("Invoice: taken in"),
    "journey.approved": _("Journey: approved"),
    "journey.pace": _("Journey: pace changed"),
    "journey.pause": _("Journey: paused"),
    "journey.publish": _("Journey: published"),
    "journey.resume": _("Journey: resumed"),
    "journey.returned": _("Journey: returned"),
    "journey.stop": _("Journey: stopped"),
    "journey.submit": _("Journey: submitted for review"),
    "link_host.allow": _("Link host: allowed"),
    "link_host.withdraw": _("Link host: no longer allowed"),
    "personalisation.off": _("Customer: personalisation refused"),
    "product.save": _("Product: saved"),
    "quarantine.replay": _("Quarantine: sent on again"),
    "route.set": _("Route: changed"),
    "rules.approved": _("Rules: approved"),
    "rules.propose": _("Rules: new version proposed"),
    "rules.returned": _("Rules: returned"),
    "rules.submit": _("Rules: submitted for review"),
    "segment.save": _("Segment: saved"),
    "suppression.lift": _("Suppression: lifted"),
    "task.call_later": _("Task: later call agreed"),
    "task.claim": _("Task: taken"),
    "task.forbidden": _("Task: no call allowed any more"),
    "task.interested": _("Task: reached, interested"),
    "task.not_reached": _("Task: not reached"),
    "task.reached": _("Task: reached"),
    "task.refused": _("Task: refused by the customer"),
    "task.release": _("Task: given back"),
    "task.reveal": _("Task: number shown"),
    "task.undo": _("Task: outcome taken back"),
    "template.approved": _("Template: approved"),
    "template.returned": _("Template: returned"),
    "template.submit": _("Template: submitted for review"),
    "touches.done": _("Touches by hand: done"),
    "touches.propose": _("Touches by hand: proposed"),
    "touches.reject": _("Touches by hand: rejected"),
}


def said(code: str) -> str:
    """The word for an act; one without is shown as it is."""
    return str(ACTIONS.get(code, code))
