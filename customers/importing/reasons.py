"""Why a row was refused or flagged, by code, for the person who mends the file."""

from collections.abc import Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

_LISTED: Final = 12

REASONS: dict[str, str | Promise] = {
    # the record
    "extra_cells": _("It has more cells than the header."),
    "missing_cells": _("It has fewer cells than the header."),
    "quote_unclosed": _("A quote is opened and never closed, or stands inside a cell."),
    "undecodable": _("It holds bytes that are not valid in the file's encoding."),
    # the customer number
    "id_twice": _("The customer number stands in an earlier row too."),
    "empty": _("The customer number is missing."),
    "totals": _("It is a row of totals and no customer."),
    "header_again": _("The header stands here once more."),
    # a cell
    "no_value": _(
        "A program wrote that it has no value (as NULL or NaN): leave the cell empty or bring the"
        " value."
    ),
    "currency_sign": _(
        "It has the sign of another currency than the yuan: leave the sign out, and tell the"
        " currency in its own column."
    ),
    "too_long": _("It is too long."),
    "control_character": _("It holds a control character."),
    "invisible_character": _(
        "It holds a letter that cannot be seen, as some programs add when text is copied: type the"
        " number anew."
    ),
    "scientific_notation": _(
        "A spreadsheet has rounded it (as 1.38E+10): format the column as text and export it again."
    ),
    "formula_uncalculated": _(
        "It holds a formula without its result: open the file in a spreadsheet, save and bring it"
        " again."
    ),
    "number_mangled": _(
        "A spreadsheet has changed it (as 1001.0 or a day): format the column as text and export it"
        " again."
    ),
    "spreadsheet_error": _("A spreadsheet could not work it out and wrote an error."),
    "phone_invalid": _("It is not a phone number."),
    "not_sms_capable": _("It is not a mobile number."),
    "email_invalid": _("It is not an e-mail address."),
    "not_a_number": _("It is not a plain number."),
    "number_out_of_range": _("The amount is too large."),
    "number_too_precise": _(
        "It has more decimals than its field keeps (money 4, quantities and prices 8, ratios 10,"
        " scores 2; other numbers 15 digits in all): round it where it comes from, then bring it"
        " again."
    ),
    "not_a_boolean": _("It is neither yes nor no."),
    "not_a_date": _("It is not an existing date written year-month-day."),
    "day_too_early": _("It lies before 1900."),
    "not_a_birth_date": _("Nobody alive was born on that day."),
    "not_a_time": _("It is not an ISO 8601 time."),
    "gender_unknown": _("It is not a gender that is known here."),
    "not_codes": _("It is not a list of codes of at most 40 characters."),
    "not_months": _("It is not a whole number of months."),
    "risk_level_unknown": _("Risk levels are C1 to C5."),
    "time_zone_unknown": _("It is not a time zone such as Asia/Shanghai."),
    "cell_empty": _("The cell is empty, and the field is needed."),
    "choice_unknown": _("It is none of the values that are known here."),
    "personal_text": _(
        "It holds a phone number, an e-mail address or the number of an identity card, and would"
        " stand in clear: take it out."
    ),
    "currency_unknown": _("It is not a currency such as CNY."),
    "not_a_code": _("It is not a code of at most 64 letters and digits."),
    "rating_unknown": _("Ratings are R1 to R5."),
    # found when the whole file was looked at
    "out_of_range": _("It lies outside the range that the rules of quality allow."),
    "key_twice": _("The same row stands further up in the file."),
    "account_unknown": _("There is no such account: import the accounts first."),
    "product_unknown": _("There is no such product: import the products first."),
    "customer_unknown": _("There is no such customer: import the customers first."),
    "tag_unknown": _("The dictionary of tags lets no file give this one: see Tags."),
    "tag_over": _("The term of the tag, from this time on, is over."),
    "tag_unwanted": _(
        "The customer refuses this tag or all personalisation, or is restricted: he does not get"
        " it."
    ),
    "assessed_otherwise": _(
        "This questionnaire is on record with another result, and a file changes none: bring the"
        " right result with the time at which it was found."
    ),
    "assessed_too_often": _("The questionnaire was answered more often than is allowed."),
    # imported, but not in all parts
    "contact_elsewhere": _(
        "It holds a phone number or an e-mail address, which only the fields phone and email keep"
        " encrypted: the cell was left out. Map the column to one of them."
    ),
    "id_card": _(
        "It holds the number of an identity card, which is kept nowhere: the cell was left out."
        " Leave the column out."
    ),
    "customer_erased": _("The customer was erased and stays so."),
    "consent_kept_withdrawn": _(
        "The customer has withdrawn this consent; a file cannot give it back."
    ),
}


def reason(code: str, known: Sequence[str] = ()) -> str:
    """The sentence; where one of ``known`` words was needed, with the first of them."""
    said = str(REASONS[code])
    if code != "choice_unknown" or not known:
        return said
    words = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
    return said + " " + _t("Known are: %(words)s.") % {"words": words}
