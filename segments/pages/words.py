"""How floor 2's own pages say fields and shares, and answer."""

from collections.abc import Mapping

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from compliance.reader import language
from segments.rules.catalog import Field
from segments.vocabulary import value_in_words


def console_page(
    request: HttpRequest, template: str, context: Mapping[str, object]
) -> HttpResponse:
    """A page in the frame of the console."""
    request.current_app = admin.site.name
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})


def field_label(field: Field) -> str:
    """A field's name in the reader's language."""
    return field.label(language())


def value_label(field: str, value: str) -> str:
    """A field's value in the reader's language."""
    return value_in_words(field, value, language())


def decimal(value: float, places: int) -> str:
    """A number rounded as it is shown, grouped by three as whole numbers are."""
    return f"{value:,.{places}f}"


def percent(share: float) -> str:
    """A share of 1 in percent, with one digit."""
    return f"{decimal(100 * share, 1)} %"
