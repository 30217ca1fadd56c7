"""Files that people bring by the console: kept, then tried or imported as they say.

The file lies in the folder of files, readable for this account only, until it is imported or, if
nobody starts it, as long as rule K-04 says.
"""

import os
import shutil
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from compliance.actions import record
from compliance.errors import NotPermitted
from compliance.keeping import Kept
from compliance.models import User
from compliance.queries import kept_for
from customers.actions.load_file import kind_of
from customers.actions.mappings import save_mapping
from customers.actions.sources import check_source_key
from customers.errors import FileRejected
from customers.importing.layout import Layout, find_layout
from customers.importing.mapping import find_id_column, parse_wishes
from customers.importing.preview import CUSTOMERS, NUMBER
from customers.importing.reader import read_header
from customers.importing.staging import find_columns
from customers.models import ImportJob, Upload
from customers.vocabulary import UploadState

PERMISSION: Final = "customers.add_upload"
_FOLDER: Final = "uploads"
_OPEN: Final = (UploadState.NEW, UploadState.CHECKED, UploadState.REFUSED)


def take_upload(
    *,
    kind: str,
    source_key: str,
    file_name: str,
    chunks: Iterable[bytes],
    encoding: str | None,
    actor: User,
    now: datetime,
) -> Upload:
    """Keep a file and look at it.

    Raises
    ------
    NotPermitted : the role brings no files.
    KeyRefused : the source's key is none.
    FileRejected, NeedsConfirmation : it is no table that can be read; nothing is kept.
    """
    _allow(actor)
    check_source_key(source_key)
    if kind != CUSTOMERS:
        kind_of(kind)
    path = _keep(file_name, chunks)
    try:
        layout = find_layout(path, encoding=encoding)
        read_header(path, layout)
    except FileRejected:
        shutil.rmtree(path.parent)
        raise
    with transaction.atomic():
        upload = Upload.objects.create(
            kind=kind,
            source_key=source_key,
            file_name=path.name,
            stored_as=str(path.relative_to(_folder())),
            size=path.stat().st_size,
            file_hash=layout.fingerprint,
            encoding=layout.encoding,
            delimiter=layout.delimiter,
            state=UploadState.NEW,
            uploaded_by=actor,
            uploaded_at=now,
        )
        record(
            actor=actor.username,
            action="upload.take",
            subject=f"upload {upload.pk}",
            now=now,
            detail={"kind": kind, "source": source_key, "sha256": layout.fingerprint},
        )
    return upload


def ask_check(
    *, upload: Upload, fields: Mapping[str, str], save_as: str, actor: User, now: datetime
) -> None:
    """Have a worker try the file as these columns say; nothing is written.

    Parameters
    ----------
    fields : field by column; columns that are left out go where their name says
    save_as : name under which the mapping is kept; empty for none

    Raises
    ------
    NotPermitted : the role brings no files.
    FileRejected : the columns cannot be read so, or it is under way or over.
    """
    _allow(actor)
    id_column = next((column for column, field in fields.items() if field == NUMBER), "")
    mapping = {column: field for column, field in fields.items() if field != NUMBER}
    if upload.kind != CUSTOMERS:
        id_column, mapping = "", dict(fields)
    _check_columns(upload, id_column, mapping)
    with transaction.atomic():
        held_row = _open(upload)
        if save_as:
            save_mapping(
                kind=upload.kind,
                name=save_as,
                columns=mapping,
                id_column=id_column,
                saved_by=actor.username,
                now=now,
            )
        held_row.id_column, held_row.mapping = id_column, mapping
        held_row.checked_by = actor
        _set_off(held_row, UploadState.CHECKING, now)


@transaction.atomic
def start_upload(*, upload: Upload, actor: User, now: datetime) -> None:
    """Have a worker import a file that whoever starts it had tried, as its columns go now.

    Raises NotPermitted; FileRejected when it was not tried, somebody else has had it tried since,
    or it is under way or over.
    """
    _allow(actor)
    row = _open(upload)
    if row.state != UploadState.CHECKED:
        raise FileRejected("upload_unchecked", _("Check the file first."))
    if row.checked_by != actor:
        raise FileRejected("upload_checked_by_other", why_to_check_again(row))
    _set_off(row, UploadState.LOADING, now)
    record(
        actor=actor.username,
        action="upload.start",
        subject=f"upload {row.pk}",
        now=now,
        detail={"kind": row.kind, "source": row.source_key, "sha256": row.file_hash},
    )


def why_to_check_again(upload: Upload) -> str:
    """What to tell whoever did not have the newest check made."""
    return _(
        "%(who)s had this file checked last, perhaps with other columns. Look at where they go, and"
        " check it yourself before it is imported."
    ) % {"who": upload.checked_by.username if upload.checked_by else "—"}


def expire_uploads(*, now: datetime) -> int:
    """Take away the files that nobody started in time; how many."""
    kept = kept_for(Kept.UPLOADS, now=now)
    late = list(Upload.objects.filter(state__in=_OPEN, uploaded_at__lt=now - kept))
    for upload in late:
        take_away(upload)
    Upload.objects.filter(pk__in=[one.pk for one in late]).update(state=UploadState.EXPIRED)
    return len(late)


@transaction.atomic
def expire_lists(*, now: datetime) -> int:
    """Take away old lists of refused rows, whatever brought the file; how many.

    They name customers and what was wrong with them: nobody needs that longer than it takes to mend
    a file (PIPL 19). What became of the file stays told.
    """
    oldest = (now - kept_for(Kept.REFUSED_ROWS, now=now)).timestamp()
    late = [one for one in _folder().parent.glob("*-refused.csv") if one.stat().st_mtime < oldest]
    names = [str(one) for one in late]
    ImportJob.objects.filter(errors_file__in=names).update(errors_file="")
    for upload in Upload.objects.filter(result__errors_file__in=names):
        upload.result["errors_file"] = ""
        upload.save(update_fields=["result"])
    for one in late:
        one.unlink(missing_ok=True)
    return len(late)


def stored_path(upload: Upload) -> Path:
    """Where the file lies."""
    return _folder() / upload.stored_as


def layout_of(upload: Upload) -> Layout:
    """How the file is read."""
    return Layout(
        encoding=upload.encoding, delimiter=upload.delimiter, fingerprint=upload.file_hash
    )


def _allow(actor: User) -> None:
    if not actor.has_perm(PERMISSION):
        raise NotPermitted(_("Your role may not upload files. Ask operations."))


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports" / _FOLDER


def _keep(file_name: str, chunks: Iterable[bytes]) -> Path:
    """Write it below a folder of its own, so that it keeps its name."""
    told = Path(file_name.replace("\\", "/")).name
    stem = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in told)
    suffix = ".xlsx" if told.lower().endswith(".xlsx") else ".csv"
    folder = _folder() / uuid.uuid4().hex
    folder.mkdir(mode=0o700, parents=True)
    path = folder / (stem.removesuffix(suffix.replace(".", "_"))[:60] + suffix)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
    return path


def _check_columns(upload: Upload, id_column: str, mapping: Mapping[str, str]) -> None:
    header = read_header(stored_path(upload), layout_of(upload))
    if upload.kind == CUSTOMERS:
        find_id_column(header, id_column or None)
        parse_wishes(mapping, header)
    else:
        find_columns(header, kind_of(upload.kind), mapping)


def _open(upload: Upload) -> Upload:
    row = Upload.objects.select_for_update().get(pk=upload.pk)
    if row.state not in _OPEN or not stored_path(row).exists():
        raise FileRejected("upload_not_open", _("This file is under way already, or over."))
    return row


def _set_off(upload: Upload, state: UploadState, now: datetime) -> None:
    upload.state, upload.error = state, ""
    upload.rows_done = upload.rows_total = 0
    upload.began_at = upload.told_at = now
    upload.save()


def take_away(upload: Upload) -> None:
    """Delete the file; what became of it stays."""
    shutil.rmtree(stored_path(upload).parent, ignore_errors=True)
