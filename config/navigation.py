"""The sidebar, by task. An entry is seen by those whose role may open its page."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _t

Entry = dict[str, Any]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of entries in Unfold's form."""
    return [
        {
            "items": [
                {"title": _t("Overview"), "icon": "home", "link": reverse("admin:index")},
            ],
        },
        {
            "title": _t("Calls"),
            "items": [
                {
                    "title": _t("Workbench"),
                    "icon": "headset_mic",
                    "link": reverse("workbench:index"),
                    "permission": _holds("campaigns.change_advisortask"),
                },
                _table(_t("Advisor tasks"), "support_agent", "campaigns", "advisortask"),
            ],
        },
        {
            "title": _t("People"),
            "items": [
                _table(_t("Customers"), "group", "customers", "customer"),
                _table(_t("Proposed merges"), "merge", "customers", "mergeproposal"),
                _table(_t("Merges"), "history", "customers", "merge"),
                _table(_t("Segments"), "filter_alt", "segments", "segment"),
                _table(_t("Tags"), "sell", "segments", "tag"),
                {
                    "title": _t("Value clusters"),
                    "icon": "scatter_plot",
                    "link": reverse("value:index"),
                    "permission": _holds("segments.view_segment"),
                    "active": _is_value,
                },
                {
                    "title": _t("Compare segments"),
                    "icon": "compare_arrows",
                    "link": reverse("value:compare"),
                    "permission": _holds("segments.view_segment"),
                },
                _table(_t("Exports of members"), "download", "segments", "memberexport"),
                {
                    "title": _t("Look-alikes"),
                    "icon": "group_search",
                    "link": reverse("lookalike:index"),
                    "permission": _holds("segments.view_segment"),
                },
            ],
        },
        {
            "title": _t("Campaigns"),
            "items": [
                _table(_t("Journeys"), "account_tree", "campaigns", "journey"),
                _table(_t("Templates"), "draft", "campaigns", "template"),
                _table(_t("Snippets"), "extension", "campaigns", "snippet"),
                _table(_t("Link hosts"), "add_link", "campaigns", "linkhost"),
                _table(_t("Seed lists"), "forward_to_inbox", "campaigns", "seedlist"),
                _table(_t("Touches"), "send", "campaigns", "touch"),
                {
                    "title": _t("Why / why not"),
                    "icon": "help_center",
                    "link": reverse("reports:why"),
                    "permission": _holds("campaigns.view_touch", "customers.view_customer"),
                },
            ],
        },
        {
            "title": _t("Results"),
            "items": [
                {
                    "title": _t("Reports"),
                    "icon": "monitoring",
                    "link": reverse("reports:index"),
                    "active": _is_report,
                    "permission": _holds("attribution.view_reportrun"),
                },
                _table(_t("Experiments"), "science", "attribution", "experiment"),
                _table(_t("Goals"), "flag", "attribution", "goal"),
                _table(_t("Channel costs"), "payments", "attribution", "channelcost"),
                _table(_t("Openings"), "drafts", "attribution", "open"),
            ],
        },
        {
            "title": _t("Compliance"),
            "items": [
                _table(_t("Reviews"), "fact_check", "compliance", "review"),
                _table(_t("Audit trail"), "history_edu", "compliance", "auditentry"),
                _table(_t("Rules"), "gavel", "compliance", "rulepack"),
                {
                    "title": _t("Lexicon"),
                    "icon": "spellcheck",
                    "link": reverse("admin:compliance_lexicon"),
                    "permission": _holds("compliance.view_lexiconchange"),
                },
                _table(_t("Products"), "inventory_2", "compliance", "product"),
                _table(_t("Ratings from files"), "rule_settings", "customers", "ratingreview"),
                {
                    "title": _t("Holders of a product"),
                    "icon": "group_work",
                    "link": reverse("holders:index"),
                    "permission": _holds("compliance.view_product", "customers.view_customer"),
                },
            ],
        },
        {
            "title": _t("Operations"),
            "items": [
                {
                    "title": _t("Stations"),
                    "icon": "monitor_heart",
                    "link": reverse("operations:index"),
                    "permission": _holds("campaigns.view_emergencystop"),
                },
                _table(_t("Acts by hand"), "back_hand", "campaigns", "intervention"),
                _table(_t("Put aside"), "inventory_2", "campaigns", "poisonrow"),
                _table(_t("Provider accounts"), "hub", "campaigns", "provideraccount"),
                _table(_t("Channel routes"), "alt_route", "campaigns", "channelroute"),
                _table(_t("Message prices"), "sell", "campaigns", "messageprice"),
                _table(_t("Dispatch batches"), "stacks", "campaigns", "dispatchbatch"),
                _table(_t("Suppressed addresses"), "block", "campaigns", "suppression"),
                _table(_t("Provider invoices"), "receipt_long", "campaigns", "invoice"),
                {
                    **_table(_t("Imports"), "upload_file", "customers", "importjob"),
                    "active": _is_import,
                },
                {
                    "title": _t("Upload a file"),
                    "icon": "drive_folder_upload",
                    "link": reverse("admin:customers_upload"),
                    "permission": _holds("customers.add_upload"),
                },
                {
                    "title": _t("Sources and freshness"),
                    "icon": "history_toggle_off",
                    "link": reverse("admin:customers_importjob_freshness"),
                    "permission": _holds("customers.view_importjob"),
                },
                _table(_t("Rules of quality"), "rule", "customers", "qualityrule"),
                _table(_t("Saved mappings"), "bookmark", "customers", "savedmapping"),
                _table(_t("Quarantine"), "report", "customers", "quarantine"),
                _table(_t("Runs over the quarantine"), "replay", "customers", "quarantinerun"),
                _table(_t("Tracking plan"), "schema", "customers", "eventtype"),
                _table(_t("Flows"), "conversion_path", "customers", "flow"),
                _table(_t("Missing steps"), "notification_important", "customers", "coveragealert"),
                _table(_t("Sources and keys"), "key", "customers", "source"),
            ],
        },
        {
            "title": _t("Staff"),
            "items": [
                _table(_t("Users"), "badge", "compliance", "user"),
                _table(_t("Roles"), "shield_person", "auth", "group"),
            ],
        },
    ]


def _is_value(request: HttpRequest) -> bool:
    """Comparing lives below and has an entry of its own."""
    return request.path == reverse("value:index")


def _is_report(request: HttpRequest) -> bool:
    """The page of reasons lives below the reports' address and has an entry of its own."""
    return request.path.startswith(reverse("reports:index")) and request.path != reverse(
        "reports:why"
    )


def _is_import(request: HttpRequest) -> bool:
    """Uploading and freshness live below the imports' address and have entries of their own."""
    others = (reverse("admin:customers_upload"), reverse("admin:customers_importjob_freshness"))
    return request.path.startswith(
        reverse("admin:customers_importjob_changelist")
    ) and not request.path.startswith(others)


def _table(title: str, icon: str, app: str, model: str) -> Entry:
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{app}_{model}_changelist"),
        "permission": _holds(f"{app}.view_{model}"),
    }


def _holds(*permissions: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perms(permissions)
