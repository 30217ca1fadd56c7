"""A file that a person brings: upload, see what it is, say where columns go, try it, import it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from compliance.bells import ring
from compliance.console.acts import tell
from compliance.console.lists import ReadOnlyAdmin
from compliance.console.shown import figure
from compliance.errors import ComplianceError
from compliance.keeping import Kept
from compliance.models import User
from compliance.queries import clock_now, kept_for
from compliance.reader import say
from customers.actions.uploads import (
    PERMISSION,
    ask_check,
    layout_of,
    start_upload,
    stored_path,
    take_upload,
    why_to_check_again,
)
from customers.admin.upload_panels import newest_uploads, panels_of
from customers.admin.words import FILE_KIND_WORDS
from customers.errors import CustomersError, FileRejected
from customers.importing.layout import ENCODINGS
from customers.importing.preview import NUMBER, SeenColumn, possible_fields, see_columns
from customers.models import SavedMapping, Source, Upload
from customers.reports.imports import upload_pace
from customers.tasks import uploads_tick
from customers.vocabulary import KeyScope, UploadState

REFUSALS: Final = (CustomersError, ComplianceError)
# What the command line says by its options, a page says by its boxes.
_WORDS: Final = {
    "id_column_missing": _("No column is known as the customer number: choose which one holds it."),
    "encoding_ambiguous": _(
        "The file is not UTF-8 and does not read like GB18030: choose its encoding, or save it as"
        " CSV UTF-8."
    ),
    "column_missing": _(
        "A column that this kind of file needs is missing: choose which one it is."
    ),
}
_OPEN: Final = {UploadState.NEW, UploadState.CHECKED, UploadState.REFUSED}
_BUSY: Final = {UploadState.CHECKING, UploadState.LOADING}


class UploadPages(ReadOnlyAdmin):
    """The pages behind the button *Upload a file* of the list of imports."""

    def get_urls(self) -> list[URLPattern]:
        """Upload, one upload's page, its progress, its list of refused rows, its two buttons."""
        wrap = self.admin_site.admin_view
        urls: list[URLPattern] = super().get_urls()
        return [
            path("upload/", wrap(self.upload_view), name="customers_upload"),
            path("upload/<int:pk>/", wrap(self.columns_view), name="customers_upload_columns"),
            path("upload/<int:pk>/progress/", wrap(self.pace_view), name="customers_upload_pace"),
            path(
                "upload/<int:pk>/refused/",
                wrap(self.upload_refused_view),
                name="customers_upload_refused",
            ),
            path("upload/<int:pk>/check/", wrap(self.check_view), name="customers_upload_check"),
            path("upload/<int:pk>/start/", wrap(self.start_view), name="customers_upload_start"),
            *urls,
        ]

    # The size is judged before the body is read, which the check of the form's token would do.
    @method_decorator(csrf_exempt)
    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """The form, and what it sends."""
        _allow(request)
        most = settings.UPLOAD_BYTES_AT_MOST
        if request.method == "POST" and int(request.META.get("CONTENT_LENGTH") or 0) > most:
            # Nothing of the body is looked at: a form made anew says why.
            request.META["CONTENT_LENGTH"] = "0"
            messages.error(
                request,
                _t("The file is larger than %(most)d MB. Split it, or import it by the command.")
                % {"most": most // 1024 // 1024},
            )
            return self._form(request, status=413)
        protected: Callable[[HttpRequest], HttpResponse] = csrf_protect(self._take)
        return protected(request)

    @method_decorator(never_cache)
    def columns_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What was detected, where each column goes, what a check found."""
        upload = _found(request, pk)
        is_open = upload.state in _OPEN and stored_path(upload).exists()
        context = {
            **self.admin_site.each_context(request),
            "title": upload.file_name,
            "upload": upload,
            "is_open": is_open,
            "is_busy": upload.state in _BUSY,
            **_may_start(upload, _actor(request)),
            "progress_url": reverse("admin:customers_upload_pace", args=[pk]),
            "check_url": reverse("admin:customers_upload_check", args=[pk]),
            "start_url": reverse("admin:customers_upload_start", args=[pk]),
            "columns": _columns(upload, _mapping_chosen(request, upload)) if is_open else [],
            "fields": possible_fields(upload.kind),
            "saved": SavedMapping.objects.filter(kind=upload.kind).order_by("name"),
            "chosen": request.GET.get("mapping", ""),
            "panels": panels_of(upload),
        }
        return TemplateResponse(request, "customers/upload_columns.html", context)

    @method_decorator(never_cache)
    def pace_view(self, request: HttpRequest, pk: int) -> JsonResponse:
        """How far it is, for the page that asks every second."""
        upload = _found(request, pk)
        pace = upload_pace(upload)
        told = _t("%(done)s of %(total)s rows, %(rate)s a second, %(left)s left") % {
            "done": figure(pace.done),
            "total": figure(pace.total) if upload.rows_total else "…",
            "rate": figure(round(pace.per_second)),
            "left": "…" if pace.left is None else str(pace.left),
        }
        return JsonResponse(
            {
                "state": upload.state,
                "is_busy": upload.state in _BUSY,
                "done": pace.done,
                "total": upload.rows_total,
                "rows_per_second": round(pace.per_second, 1),
                "seconds_left": None if pace.left is None else round(pace.left.total_seconds()),
                "told": told,
            }
        )

    def upload_refused_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The rows that a check refused, values masked."""
        upload = _found(request, pk)
        name = Path(upload.result.get("errors_file", "")).name
        listed = Path(settings.MEDIA_ROOT) / "imports" / name
        if not name or not listed.is_file():
            raise Http404
        return FileResponse(listed.open("rb"), as_attachment=True, filename=listed.name)

    @method_decorator(require_POST)
    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the workers to try it as the boxes say."""
        upload = _found(request, pk)
        fields = {
            column: request.POST[name]
            for name, column in _boxes(upload)
            if request.POST.get(name) in possible_fields(upload.kind)
        }
        _tell(
            request,
            lambda: ask_check(
                upload=upload,
                fields=fields,
                save_as=request.POST.get("save_as", "").strip(),
                actor=_actor(request),
                now=clock_now(),
            ),
            done=_t("It is being checked; nothing is imported yet."),
        )
        return redirect("admin:customers_upload_columns", pk)

    @method_decorator(require_POST)
    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the workers to import it."""
        upload = _found(request, pk)
        _tell(
            request,
            lambda: start_upload(upload=upload, actor=_actor(request), now=clock_now()),
            done=_t("It is being imported. You may leave this page."),
        )
        return redirect("admin:customers_upload_columns", pk)

    def _take(self, request: HttpRequest) -> HttpResponse:
        file = request.FILES.get("file") if request.method == "POST" else None
        if request.method != "POST":
            return self._form(request)
        if not isinstance(file, UploadedFile) or not file.size:
            messages.error(request, _t("Choose a file that is not empty."))
            return self._form(request, status=400)
        try:
            upload = take_upload(
                kind=request.POST.get("kind", ""),
                source_key=request.POST.get("source", "").strip() or "file-import",
                file_name=file.name or "",
                chunks=file.chunks(),
                encoding=request.POST.get("encoding") or None,
                actor=_actor(request),
                now=clock_now(),
            )
        except REFUSALS as error:
            messages.error(request, _said(error))
            return self._form(request, status=400)
        return redirect("admin:customers_upload_columns", upload.pk)

    def _form(self, request: HttpRequest, status: int = 200) -> HttpResponse:
        # Not the form itself: that has an encoding of its own.
        typed = request.POST.dict()
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Upload a file"),
            "kinds": FILE_KIND_WORDS.items(),
            "encodings": ENCODINGS,
            "sources": Source.objects.filter(scope=KeyScope.INTERNAL).order_by("key"),
            "typed": typed,
            "most": settings.UPLOAD_BYTES_AT_MOST // 1024 // 1024,
            "days": kept_for(Kept.UPLOADS, now=clock_now()).days,
            "panels": [newest_uploads()],
        }
        return TemplateResponse(request, "customers/upload.html", context, status=status)


def _allow(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _found(request: HttpRequest, pk: int) -> Upload:
    _allow(request)
    return get_object_or_404(
        Upload.objects.select_related("uploaded_by", "checked_by", "job"), pk=pk
    )


def _may_start(upload: Upload, actor: User) -> dict[str, object]:
    """Whether the button is his, and else what to say in its place."""
    is_checked, is_his = upload.state == UploadState.CHECKED, upload.checked_by == actor
    return {
        "is_checked": is_checked and is_his,
        "check_again": why_to_check_again(upload) if is_checked and not is_his else "",
    }


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _said(error: Exception) -> str:
    known = _WORDS.get(getattr(error, "code", ""))
    return str(known) if known else say(error)


def _tell(request: HttpRequest, act: Callable[[], object], *, done: str) -> None:
    def spoken() -> None:
        try:
            act()
        except FileRejected as error:
            raise FileRejected(error.code, _said(error)) from error

    if tell(request, spoken, done=done, refusals=REFUSALS):
        ring(uploads_tick)


def _boxes(upload: Upload) -> list[tuple[str, str]]:
    """Name of the box by column, in the order of the file."""
    if not stored_path(upload).exists():
        return []
    seen = see_columns(stored_path(upload), layout_of(upload), upload.kind)
    return [(f"column-{at}", column.name) for at, column in enumerate(seen) if column.name]


def _mapping_chosen(request: HttpRequest, upload: Upload) -> Mapping[str, str]:
    """What was said of this file, else the mapping of that name."""
    if name := request.GET.get("mapping", ""):
        saved = SavedMapping.objects.filter(kind=upload.kind, name=name).first()
        if saved:
            number = {saved.id_column: NUMBER} if saved.id_column else {}
            return {**saved.columns, **number}
    number = {upload.id_column: NUMBER} if upload.id_column else {}
    return {**upload.mapping, **number}


def _columns(upload: Upload, said: Mapping[str, str]) -> list[tuple[str, SeenColumn, str]]:
    """Box, column, and the field that is chosen in the box."""
    seen = see_columns(stored_path(upload), layout_of(upload), upload.kind, said)
    return [
        (f"column-{at}", column, said.get(column.name, column.field))
        for at, column in enumerate(seen)
    ]
