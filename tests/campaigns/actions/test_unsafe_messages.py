"""Before it is sent, a message that Liquid put together is read again; what may not go, waits."""

from datetime import timedelta
from typing import Any

import pytest

from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.actions.link_hosts import allow_link_host, withdraw_link_host
from campaigns.actions.quarantine import replay
from campaigns.actions.templates import save_template, submit_template
from campaigns.channels.base import Channel, Outgoing
from campaigns.errors import TemplateError
from campaigns.models import LinkHost, PoisonRow, Touch
from tests.factories import (
    NOW,
    PARTS,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    make_template,
    send_node,
    with_way_out,
)

pytestmark = pytest.mark.django_db
PEOPLE = 6
PIECED = (
    "{% assign host = 'https://evil.example' %}<a title=\"{{ '\" hr' }}ef='{{ host }}/'\">x</a>"
)


def begin(html: str, monkeypatch: pytest.MonkeyPatch, **template: Any) -> list[Outgoing]:
    """Some customers with one queued e-mail each; what the provider gets."""
    sent = make_memory_account(monkeypatch).sent
    make_template(parts={"html": html}, **template)
    make_people(PEOPLE)
    make_segment()
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)
    return sent


def test_a_page_put_together_by_liquid_is_put_aside_and_neither_sent_nor_lost(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LINK_HOSTS = ["example.com"]
    sent = begin(PIECED, monkeypatch)

    dispatch_batch(owner="w", now=NOW)

    assert len(sent) == 0
    aside = PoisonRow.objects.filter(error_class="UnsafeMessage", replayed_at=None)
    assert aside.count() == PEOPLE
    assert all("evil.example is not on the list" in row.message for row in aside)
    for touch in Touch.objects.all():
        assert (touch.state, touch.reason, touch.attempts) == ("failed", "quarantined", 0)
        assert touch.verdict["gate"] == "content"
        assert touch.verdict["read"] == {"code": "host_not_allowed"}

    allow_link_host(host="evil.example", note="", actor=make_staff().checker, now=NOW)
    later = NOW + timedelta(hours=1)
    replay(aside=aside, actor=make_staff().operator, now=later)
    dispatch_batch(owner="w", now=later)

    assert len(sent) == PEOPLE


def test_one_customers_value_holds_up_his_own_message_alone(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LINK_HOSTS = ["example.com"]
    sent = begin(
        "{% if customer.customer_no contains '3' %}<p>evil.com/x</p>{% endif %}".replace(
            "evil.com", "{{ 'evil' | append: '.com' }}"
        ),
        monkeypatch,
    )

    dispatch_batch(owner="w", now=NOW)

    held = Touch.objects.filter(reason="quarantined").count()
    assert 0 < held < PEOPLE
    assert len(sent) == PEOPLE - held


def test_a_host_that_is_withdrawn_holds_for_workers_that_have_sent_to_it(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LINK_HOSTS = ["example.com"]
    checker = make_staff().checker
    allow_link_host(host="pictures.example", note="", actor=checker, now=NOW)
    sent = begin('<p>x</p><img src="https://pictures.example/x.png" alt="x">', monkeypatch)
    first = Touch.objects.order_by("pk").first()
    assert first
    Touch.objects.exclude(pk=first.pk).update(due_at=NOW + timedelta(hours=1))
    dispatch_batch(owner="w", now=NOW)
    assert len(sent) == 1

    withdraw_link_host(allowed=LinkHost.objects.get(), actor=checker, now=NOW)
    with pytest.raises(TemplateError, match="not on the list"):
        dispatch_batch(owner="w", now=NOW + timedelta(hours=2))

    assert len(sent) == 1


def test_the_language_variant_that_shows_no_way_out_is_named() -> None:
    with pytest.raises(TemplateError) as refused:
        make_submitted({"zh": {"html": "<p>您好</p>"}})

    assert refused.value.code == "no_way_out"
    assert refused.value.in_language("en").startswith("Language variant “zh”: ")
    assert refused.value.in_language("zh").startswith("语言版本“zh”：")


def test_more_branches_than_are_looked_into_are_refused_with_what_to_do() -> None:
    link = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'
    branches = "".join(f"{{% when {n} %}}{link}" for n in range(40))
    cases = f"{{% case customer.tier %}}{branches}{{% else %}}{link}{{% endcase %}}"

    with pytest.raises(TemplateError) as refused:
        make_template(parts={"html": cases})
    assert "more than 30 branches" in refused.value.in_language("en")

    assert make_template(parts={"html": f"{cases}<p>{link}</p>"}, key="other").pk


def make_submitted(variants: dict[str, dict[str, str]]) -> None:
    maker = make_staff().marketer
    version = save_template(
        key="hello",
        name="Hello",
        channel=Channel.EMAIL,
        parts=with_way_out(PARTS[Channel.EMAIL]),
        variants=variants,
        maker=maker,
        now=NOW,
    )
    submit_template(version=version, maker=maker, now=NOW)
