"""What the institution offers."""

from collections.abc import Sequence

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from compliance.actions import save_product
from compliance.console.acts import person
from compliance.console.lists import ConsoleAdmin
from compliance.console.seen import SeenFields, ShownForm
from compliance.json_box import JsonText
from compliance.models import Product
from compliance.queries import clock_now
from compliance.rulebook.shipped import shipped_context


class ProductForm(ShownForm):
    """A product's facts, each with what it is for."""

    regions = JsonText(
        label=_("licence area"),
        required=False,
        initial=[],
        help_text=_('Regions in which it may be marketed, such as ["上海"]; [] for all.'),
    )

    class Meta:
        model = Product
        exclude = ("updated_at",)
        help_texts = {
            "kind": _("As the wording rules know it, such as public_fund."),
            "issuer_risk": _("R1 to R5 as 1 to 5. The higher of both ratings counts."),
            "distributor_risk": _("R1 to R5 as 1 to 5. Without any rating nothing is marketed."),
            "asset_class": _("Marketed only to customers who named it among their objectives."),
            "horizon_months": _("Marketed only to customers who invest at least as long."),
            "is_public": _("If not, only qualified investors are approached."),
            "permission": _("Marketed only to customers who hold it, such as star."),
            "opens": _("For an offer to open a permission: it goes to those who may open it."),
        }

    def clean_regions(self) -> list[str]:
        """Names of regions."""
        told = self.cleaned_data["regions"] or []
        if not isinstance(told, list) or not all(isinstance(region, str) for region in told):
            raise ValidationError(_t("This is not a list of regions."))
        return told

    def clean_kind(self) -> str:
        """A kind that the wording rules know."""
        kind: str = self.cleaned_data["kind"]
        if kind and kind not in shipped_context().products:
            raise ValidationError(_t("There is no product kind %(kind)s.") % {"kind": kind})
        return kind


@admin.register(Product)
class ProductAdmin(SeenFields, ConsoleAdmin):
    """What the institution offers; the facts decide to whom it may be marketed."""

    form = ProductForm
    list_display = ("code", "name", "kind", "rating", "is_public", "updated_at")
    list_filter = ("is_public",)
    search_fields = ("code__startswith", "name__icontains")
    ordering = ("code",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Product | None = None
    ) -> Sequence[str]:
        """The code is for life."""
        return ("code",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Product, form: ProductForm, change: bool
    ) -> None:
        """By the verb, with its entry in the audit trail."""
        save_product(product=obj, actor=person(request), now=clock_now())

    @display(description=_("risk"))
    def rating(self, product: Product) -> str:
        """The rating that counts."""
        rated = [r for r in (product.issuer_risk, product.distributor_risk) if r is not None]
        return f"R{max(rated)}" if rated else "—"
