"""As what a message is judged, whatever its author calls it."""

from typing import Final

from customers.vocabulary import Purpose

PROTECTIVE: Final = "protective"
# What a template may be approved for, each free to say more than the one before.
APPROVED_FOR: Final = (Purpose.MARKETING, Purpose.SERVICE, Purpose.STATUTORY)


def judged_as(meant: str, product: str) -> Purpose:
    """The purpose whose consent and limits count for a message that is meant so.

    A service that names a product along the way is marketing; what protects the customer is a
    service to him. Statutory notices and education stay what they are, with a product, too.

    >>> judged_as("protective", "").value, judged_as("service", "F001").value
    ('service', 'marketing')
    """
    serves = meant in (PROTECTIVE, Purpose.SERVICE)
    if serves and product:
        return Purpose.MARKETING
    return Purpose.SERVICE if serves else Purpose(meant)


def may_serve(approved_for: str, purpose: str, product: str = "") -> bool:
    """Whether what was approved for one purpose may go out for another, with such a product.

    It may where no more is asked of it there: what passed as marketing says nothing that a notice
    may not, and not the other way round. ``purpose`` is as it is judged, or as it is meant.

    >>> may_serve("marketing", "statutory"), may_serve("statutory", "marketing")
    (True, False)
    """
    told = judged_as(approved_for, product)
    if told is Purpose.MARKETING:
        return True
    return told == judged_as(purpose, product) or purpose == Purpose.STATUTORY
