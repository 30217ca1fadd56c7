"""`manage.py check_templates`: which templates in use would be put aside by the checks of today."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from campaigns.actions.templates import review_template, save_template
from campaigns.channels.base import Channel
from campaigns.models import Journey
from compliance.actions import ask_review
from tests.factories import (
    NOW,
    PARTS,
    graph_of,
    make_journey,
    make_memory_account,
    make_segment,
    make_staff,
    make_template,
    send_node,
    with_way_out,
)

pytestmark = pytest.mark.django_db


def check() -> tuple[int, dict[str, Any]]:
    out = StringIO()
    code = 0
    try:
        call_command("check_templates", "--json", stdout=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, json.loads(out.getvalue())


def test_templates_that_pass_are_counted_and_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_memory_account(monkeypatch)
    make_template()
    make_template(key="unused", parts={"html": "<p>x</p>"})
    make_segment()
    make_journey(graph_of(send_node()))

    assert check() == (0, {"checked": 1, "objections": []})


def test_one_whose_host_is_on_no_list_any_more_is_named(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    make_memory_account(monkeypatch)
    make_template(parts={"html": '<p>x</p><img src="https://pictures.example/x.png">'})
    make_segment()
    journey = make_journey(graph_of(send_node()))
    settings.LINK_HOSTS = ["example.com"]

    code, told = check()

    assert (code, told["checked"]) == (2, 1)
    (found,) = told["objections"]
    assert found.pop("message").startswith("Line 1, column")
    assert found == {
        "template": "hello-email",
        "version": 1,
        "journeys": [journey.key],
        "locale": "",
        "part": "html",
        "code": "host_not_allowed",
    }

    Journey.objects.update(state=Journey.State.STOPPED)
    assert check() == (0, {"checked": 0, "objections": []})


def test_an_advertisement_approved_without_its_way_out_is_named_with_its_variant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_memory_account(monkeypatch)
    staff = make_staff()
    version = save_template(
        key="hello-email",
        name="Hello",
        channel=Channel.EMAIL,
        parts=with_way_out(PARTS[Channel.EMAIL]),
        variants={"zh": {"html": "<p>您好</p>"}},
        maker=staff.marketer,
        now=NOW,
    )
    # As before such templates were refused when they were submitted.
    named = {"kind": "template", "key": "hello-email", "content_hash": version.content_hash}
    ask_review(**named, maker=staff.marketer, now=NOW)
    review_template(version=version, checker=staff.checker, approve=True, opinion="", now=NOW)
    make_segment()
    make_journey(graph_of(send_node()))

    code, told = check()

    assert code == 2
    assert [(each["locale"], each["code"]) for each in told["objections"]] == [("zh", "no_way_out")]
    with pytest.raises(SystemExit):
        call_command("check_templates")
    said = capsys.readouterr().out
    assert "hello-email v1" in said
    assert "zh html: Language variant “zh”: An advertisement shows" in said
    assert "1 template versions in use, 1 objections." in said
