"""Compute a report and keep the run, so that the figure can be traced and made again."""

import json
import time
from dataclasses import asdict
from datetime import datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from attribution.actions.collect import CURSOR
from attribution.models import CollectCursor, ReportRun
from attribution.reports.campaign import CampaignReport, campaign_report

KIND = "campaign"


@transaction.atomic
def run_report(*, journey_key: str, now: datetime) -> tuple[CampaignReport, ReportRun]:
    """Compute the campaign's report; a run is kept when its figures are new.

    Its time is ``now``, or the one up to which the ledgers were read if that is earlier: what
    arrived since would be in the same report made again, and not in this one.

    Raises
    ------
    NoSuchCampaign : no journey has this key.
    """
    began = time.monotonic()
    read = CollectCursor.objects.filter(key=CURSOR).values_list("read_until", flat=True).first()
    as_of = min(now, read) if read else now
    report = campaign_report(journey_key=journey_key, now=as_of)
    newest = ReportRun.objects.filter(kind=KIND, subject=journey_key).order_by("-made_at").first()
    if newest and newest.result_hash == report.result_hash:
        return report, newest
    run = ReportRun.objects.create(
        kind=KIND,
        subject=journey_key,
        method=report.method,
        parameters={"window_days": report.window.total_seconds() / 86_400},
        cut_off=as_of,
        rows_read=dict(report.rows_read),
        result=json.loads(json.dumps(asdict(report), cls=DjangoJSONEncoder)),
        result_hash=report.result_hash,
        made_at=now,
        seconds=round(time.monotonic() - began, 3),
    )
    return report, run


def recompute(*, run: ReportRun) -> CampaignReport:
    """The same report from the data of that run's cut-off; its hash must be the run's."""
    return campaign_report(journey_key=run.subject, now=run.cut_off)
