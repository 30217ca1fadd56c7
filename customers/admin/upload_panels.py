"""What the pages of uploads show in tables."""

from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from compliance.console.shown import Panel, Tone, badge, figure, link, moment
from customers.admin.words import FILE_KIND_WORDS
from customers.importing.kinds.registry import KINDS
from customers.importing.reasons import reason
from customers.importing.staging import field_of
from customers.models import ImportJob, Upload
from customers.vocabulary import UploadState

STATES: Final = {
    UploadState.NEW: (_("Uploaded"), Tone.PLAIN),
    UploadState.CHECKING: (_("Being checked"), Tone.BUSY),
    UploadState.CHECKED: (_("Checked"), Tone.GOOD),
    UploadState.LOADING: (_("Being imported"), Tone.BUSY),
    UploadState.DONE: (_("Over"), Tone.GOOD),
    UploadState.REFUSED: (_("Refused"), Tone.BAD),
    UploadState.EXPIRED: (_("Taken away: nobody started it in time"), Tone.PLAIN),
}
_SHOWN: Final = 20


def panels_of(upload: Upload) -> list[Panel]:
    """What was detected, what a check found, what became of it."""
    panels = [_detected(upload)]
    if upload.result and upload.state in {UploadState.CHECKED, UploadState.LOADING}:
        panels += [_check_found(upload), _first_bad(upload)]
    if upload.job:
        panels.append(_outcome(upload.job))
    return panels


def _detected(upload: Upload) -> Panel:
    words, tone = STATES[UploadState(upload.state)]
    return Panel(
        title=_t("Detected"),
        headers=(
            *(_t("state"), _t("kind"), _t("source"), _t("encoding"), _t("delimiter")),
            *(_t("size (KB)"), _t("uploaded by"), _t("uploaded at")),
        ),
        rows=[
            (
                badge(words, tone),
                FILE_KIND_WORDS.get(upload.kind, upload.kind),
                upload.source_key,
                upload.encoding,
                {"\t": _t("tab"), "": "—"}.get(upload.delimiter, upload.delimiter),
                figure(max(1, upload.size // 1024)),
                upload.uploaded_by.username,
                moment(upload.uploaded_at),
            )
        ],
        empty="",
        note=upload.error,
        numeric=frozenset({5}),
    )


def _check_found(upload: Upload) -> Panel:
    file = "—"
    if upload.result.get("errors_file"):
        file = link(reverse("admin:customers_upload_refused", args=[upload.pk]), _t("Refused rows"))
    words = {
        "blocked": _t("It would be blocked by a rule of quality"),
        "waiting": _t("It would wait for a file that it depends on"),
    }
    return Panel(
        title=_t("What the check found"),
        headers=(
            *(_t("rows to import"), _t("rows refused"), _t("outcome"), _t("checked by")),
            _t("file"),
        ),
        rows=[
            (
                figure(upload.result["rows_ok"]),
                figure(upload.result["rows_bad"]),
                words.get(upload.result["status"], _t("It would be imported")),
                upload.checked_by.username if upload.checked_by else "—",
                file,
            )
        ],
        empty="",
        numeric=frozenset({0, 1}),
    )


def _first_bad(upload: Upload) -> Panel:
    return Panel(
        title=_t("First refused rows"),
        headers=(_t("line"), _t("column"), _t("cell (masked)"), _t("why")),
        rows=[
            (row["line"], row["column"] or "—", row["value"] or "—", _why(upload, row))
            for row in upload.result["first_bad"]
        ],
        empty=_t("No row is refused."),
        numeric=frozenset({0}),
    )


def _why(upload: Upload, row: Mapping[str, Any]) -> str:
    kind = KINDS.get(upload.kind)  # none for customers
    field = upload.mapping.get(row["column"], row["column"])
    if kind is None:
        return reason(row["code"])
    return kind.reason(row["code"], field_of(field, kind) or field)


def _outcome(job: ImportJob) -> Panel:
    url = reverse("admin:customers_importjob_change", args=[job.pk])
    return Panel(
        title=_t("Import"),
        headers=(_t("import"), _t("state"), _t("rows imported"), _t("rows refused")),
        rows=[
            (
                link(url, job.file_name),
                ImportJob.State(job.state).label,
                figure(job.rows_ok),
                figure(job.rows_bad),
            )
        ],
        empty="",
        numeric=frozenset({2, 3}),
    )


def newest_uploads() -> Panel:
    """The uploads of late, each with its page."""
    uploads = Upload.objects.select_related("uploaded_by").order_by("-pk")[:_SHOWN]
    return Panel(
        title=_t("Uploaded before"),
        headers=(_t("file"), _t("kind"), _t("state"), _t("uploaded by"), _t("uploaded at")),
        rows=[
            (
                link(reverse("admin:customers_upload_columns", args=[one.pk]), one.file_name),
                FILE_KIND_WORDS.get(one.kind, one.kind),
                badge(*STATES[UploadState(one.state)]),
                one.uploaded_by.username,
                moment(one.uploaded_at),
            )
            for one in uploads
        ],
        empty=_t("No file was uploaded yet."),
    )
