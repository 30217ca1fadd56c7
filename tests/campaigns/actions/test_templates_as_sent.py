"""What is approved is what is sent: built once when saved, in every language."""

from typing import Any

import pytest

from campaigns.actions import templates
from campaigns.actions.advance import advance
from campaigns.actions.dispatch import dispatch_batch
from campaigns.actions.enrol import enrol
from campaigns.channels.base import Channel
from campaigns.errors import TemplateError
from campaigns.models import TemplateVersion, Touch
from customers.models import Customer
from tests.factories import (
    NOW,
    graph_of,
    make_journey,
    make_memory_account,
    make_people,
    make_segment,
    make_staff,
    send_node,
    with_way_out,
)

pytestmark = pytest.mark.django_db
HEAD = {"from": "Bank <a@example.com>", "subject": "News"}
STYLED = {**HEAD, "html": "<style>p{color:red}</style><p>Hi {{ journey.name }}</p>"}
CHINESE = {"zh": with_way_out({"subject": "新闻", "html": "<p>您好</p>", "text": "您好"})}


def save(parts: dict[str, str], **more: object) -> TemplateVersion:
    return templates.save_template(
        key="hello-email",
        name="Hello",
        channel=Channel.EMAIL,
        parts=with_way_out(parts),
        maker=make_staff().marketer,
        now=NOW,
        **more,  # type: ignore[arg-type]
    )


def approve(version: TemplateVersion) -> None:
    staff = make_staff()
    templates.submit_template(version=version, maker=staff.marketer, now=NOW)
    templates.review_template(
        version=version, checker=staff.checker, approve=True, opinion="", now=NOW
    )


def test_the_author_keeps_his_source_and_the_built_parts_are_kept_beside_it() -> None:
    version = save(STYLED)

    version.refresh_from_db()
    assert version.parts == with_way_out(STYLED)
    assert 'style="color: red;"' in version.built[""]["html"]
    assert version.built[""]["text"] == (
        "Hi {{ journey.name }}\n\nUnsubscribe ( {{ unsubscribe_url }} )\n"
    )


def test_parts_that_are_sent_as_they_are_keep_their_hash() -> None:
    parts = {**HEAD, "html": "<p>x</p>", "text": "x"}

    assert save(parts).content_hash == templates.hash_of(with_way_out(parts))


@pytest.mark.parametrize("more", [{"tracks_opens": False}, {"variants": CHINESE}])
def test_every_switch_and_variant_is_part_of_what_is_approved(more: dict[str, object]) -> None:
    first = save(STYLED)

    second = save(STYLED, **more)

    assert (second.number, save(STYLED, **more).pk) == (2, second.pk)
    assert first.content_hash != second.content_hash


def test_each_customer_gets_his_language_and_its_links(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch)
    make_segment()
    english, chinese = make_people(2)
    Customer.objects.filter(pk=chinese).update(locale="zh-Hans-CN")
    link = '<a href="https://shop.example.com/{}">x</a>'
    approve(
        save(
            {**HEAD, "html": link.format("en"), "text": "Hi"},
            variants={"ZH": with_way_out({"html": link.format("zh"), "text": "您好"})},
        )
    )
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)

    dispatch_batch(owner="w", now=NOW)

    keys = {touch.key.hex: touch.customer_id for touch in Touch.objects.all()}
    said = {keys[message.key]: message.content["text"].split()[0] for message in provider.sent}
    assert said == {english: "Hi", chinese: "您好"}
    assert len({message.content["html"].split("/r/")[1][:28] for message in provider.sent}) == 2


def test_no_picture_is_sent_where_openings_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch)
    make_segment()
    make_people(1)
    approve(save(STYLED, tracks_opens=False))
    enrol(journey=make_journey(graph_of(send_node())), now=NOW)
    advance(owner="w", now=NOW)

    dispatch_batch(owner="w", now=NOW)

    assert "/o/" not in provider.sent[0].content["html"]


def test_an_error_in_a_variant_is_found_when_it_is_saved() -> None:
    with pytest.raises(TemplateError) as refused:
        save(STYLED, variants={"zh": {"subject": "{% foo %}"}})

    assert (refused.value.code, refused.value.path) == ("unknown_tag", "subject")


def test_forbidden_words_in_a_variant_stop_the_submission() -> None:
    version = save(STYLED, variants={"zh": {"html": "<p>稳赚不赔</p>", "text": "稳赚不赔"}})

    with pytest.raises(TemplateError) as refused:
        templates.submit_template(version=version, maker=make_staff().marketer, now=NOW)

    assert refused.value.code == "wording"


def test_words_that_mjml_alone_would_show_are_judged_too() -> None:
    mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>稳<b>赚</b>不赔</mj-text></mj-column>"
    version = save({**HEAD, "mjml": mjml + "</mj-section></mj-body></mjml>"})

    with pytest.raises(TemplateError) as refused:
        templates.submit_template(version=version, maker=make_staff().marketer, now=NOW)

    assert refused.value.code == "wording"


def test_a_link_that_a_customers_value_leads_is_refused_at_its_place_in_the_authors_text() -> None:
    mjml = "<mjml><mj-body><mj-section><mj-column>\n<mj-button href='{{ customer.url }}'>x"
    closed = "</mj-button></mj-column></mj-section></mj-body></mjml>"

    with pytest.raises(TemplateError) as refused:
        save({**HEAD, "mjml": mjml + closed})

    assert (refused.value.code, refused.value.path) == ("variable_link", "mjml")
    assert str(refused.value).startswith("Line 2, column 12: ")


def test_a_version_saved_before_that_rule_is_not_submitted() -> None:
    version = save({**HEAD, "html": "<p>x</p>", "text": "x"})
    parts = {**version.parts, "html": '<a href="{{ customer.url }}">x</a>'}
    old = TemplateVersion.objects.create(
        template=version.template,
        number=2,
        parts=parts,
        content_hash=templates.hash_of(parts),
        made_by=version.made_by,
        made_at=NOW,
    )

    with pytest.raises(TemplateError) as refused:
        templates.submit_template(version=old, maker=make_staff().marketer, now=NOW)

    assert refused.value.code == "variable_link"


def test_what_mjml_is_made_into_is_refused_as_mjml_without_a_place_in_it(settings: Any) -> None:
    settings.LINK_HOSTS = ["example.com"]
    social = "<mj-social><mj-social-element name='facebook' src='https://example.com/f.png'"
    mjml = f"<mjml><mj-body><mj-section><mj-column>{social} href='https://example.com/'>x"
    closed = "</mj-social-element></mj-social></mj-column></mj-section></mj-body></mjml>"

    with pytest.raises(TemplateError) as refused:
        save({**HEAD, "mjml": mjml + closed})

    assert (refused.value.code, refused.value.path) == ("host_not_allowed", "mjml")
    assert refused.value.message.startswith("www.facebook.com is not on the list")
