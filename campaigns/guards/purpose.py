"""As what a message is judged, whatever its author calls it."""

from typing import Final

from customers.vocabulary import Purpose

PROTECTIVE: Final = "protective"


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
