"""The text box of a rule, and the scripts that turn it into the visual builder."""

from typing import Final

from django.urls import reverse_lazy

from compliance.json_box import JsonBox

_ASKED: Final = {
    "data-vocabulary": reverse_lazy("admin:segments_segment_vocabulary"),
    "data-preview": reverse_lazy("admin:segments_segment_preview"),
    "data-why": reverse_lazy("admin:segments_segment_why"),
}


class RuleBox(JsonBox):
    """JSON, with the addresses that the builder asks. Without scripts it is a box and works."""

    def __init__(self) -> None:
        super().__init__(attrs=dict(_ASKED))


class RuleScripts:
    """Pages with a `RuleBox`, and the list they lead back to, load the builder."""

    class Media:
        js = ("segments/builder.js",)
        css = {"all": ("segments/builder.css",)}
