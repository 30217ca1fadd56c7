"""What all pages about one segment share."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from compliance.console.lists import ConsoleAdmin
from segments.models import Segment

SEES_CUSTOMERS: Final = "customers.view_customer"


class SegmentPages(ConsoleAdmin):
    """Pages behind the buttons of a segment."""

    def seen_segment(self, request: HttpRequest, pk: int) -> Segment:
        """The segment, for those who may see it; raises 404 or 403."""
        segment = get_object_or_404(Segment, pk=pk)
        if not self.has_view_permission(request, segment):
            raise PermissionDenied
        return segment

    def segment_page(
        self, request: HttpRequest, segment: Segment, template: str, **context: Any
    ) -> TemplateResponse:
        """A page about one segment, under its name."""
        told = {**self.admin_site.each_context(request), "title": segment.name, "segment": segment}
        return TemplateResponse(request, template, told | context)


def tell_problems(request: HttpRequest, form: forms.Form) -> None:
    """Each box that is filled in wrongly, by its name, as a message to the reader."""
    for name, problems in form.errors.items():
        messages.error(request, f"{form.fields[name].label}: {problems[0]}")
