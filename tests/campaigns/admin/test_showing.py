"""The preview page: the message as one customer would get it, and no more of him than elsewhere."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.templates import save_template
from campaigns.channels.base import Channel
from campaigns.models import Link, ProviderAccount, Template, Touch
from customers.models import Customer
from tests.factories import NOW, make_people, make_staff

pytestmark = pytest.mark.django_db
EMAIL = {
    "from": "Bank <a@example.com>",
    "subject": "Hello {{ customer.name }}",
    "html": "<p>Dear {{ customer.name }} of {{ customer.city }}</p>"
    '<a href="https://shop.example.com/x">x</a>',
    "text": "Dear {{ customer.note | default: 'x' }}",
}


def show(template: Template, query: str, *, role: str = "marketer") -> tuple[int, str]:
    client = Client()
    client.force_login(getattr(make_staff(), role))
    where = reverse("admin:campaigns_template_preview", args=[template.pk])
    answer = client.get(f"{where}?{query}")
    return answer.status_code, answer.content.decode()


def save(
    channel: Channel, parts: dict[str, str], variants: dict[str, dict[str, str]] | None = None
) -> Template:
    return save_template(
        key="shown",
        name="Shown",
        channel=channel,
        parts=parts,
        variants=variants,
        maker=make_staff().marketer,
        now=NOW,
    ).template


def make_lin() -> None:
    name = {"name": "Lin Daiyu", "city": "Suzhou"}
    make_people(1, columns=name, attributes={"note": "call 13800138000 or li@example.com"})


def test_an_email_stands_in_a_frame_that_may_do_nothing() -> None:
    make_lin()

    _status, page = show(save(Channel.EMAIL, EMAIL), "customer=P00000")

    (frame,) = re.findall(r"<iframe [^>]*>", page)
    source = unescape(re.findall(r'srcdoc="([^"]*)"', frame)[0])
    assert 'sandbox=""' in frame
    assert "default-src 'none'" in source
    assert "of Suzhou" in source
    assert "<script>alert" not in page


def test_the_name_and_the_numbers_are_masked_wherever_they_stand() -> None:
    make_lin()

    _status, page = show(save(Channel.EMAIL, EMAIL), "customer=P00000")

    assert "Hello L***" in page
    assert not [hidden for hidden in ("Daiyu", "13800138000", "li@example.com") if hidden in page]
    assert "138****8000" in page


def test_length_and_price_are_those_of_the_real_message() -> None:
    make_people(1, columns={"name": "N" * 150})
    ProviderAccount.objects.create(
        key="s", channel="sms", vendor="memory", unit_cost="0.045", currency="CNY", is_default=True
    )
    template = save(Channel.SMS, {"text": "Dear {{ customer.name }}, good day"})

    _status, page = show(template, "customer=P00000")

    assert "Characters: 165 · Segments: 2 · 0.09 CNY" in page


def test_a_language_may_be_chosen_and_is_his_own_otherwise() -> None:
    make_people(1)
    Customer.objects.update(locale="zh-Hans-CN")
    template = save(Channel.SMS, {"text": "Hello"}, {"zh": {"text": "您好"}, "de": {"text": "Tag"}})

    assert "您好" in show(template, "customer=P00000")[1]
    assert "Tag</p>" in show(template, "customer=P00000&locale=de")[1]


def test_what_is_missing_and_what_may_not_be_said_is_listed() -> None:
    make_people(1)
    missing = save(Channel.SMS, {"text": "Dear {{ customer.nickname }}"})
    assert "nickname" in show(missing, "customer=P00000")[1]

    forbidden = save(Channel.SMS, {"text": "稳赚不赔"})
    _status, page = show(forbidden, "customer=P00000")

    assert "稳赚不赔" in re.findall(r'id="findings".*?</table>', page, re.S)[0]


def test_nothing_is_stored() -> None:
    make_lin()

    show(save(Channel.EMAIL, EMAIL), "customer=P00000")

    assert (Touch.objects.count(), Link.objects.count()) == (0, 0)


def test_what_the_customers_jurisdiction_wants_said_is_told_before_it_is_sent() -> None:
    make_people(1, columns={"region": "US-NY"})
    template = save(Channel.SMS, {"signature": "Bank", "text": "Hello"})

    _status, unsaid = show(template, "customer=P00000")
    template = save(Channel.SMS, {"signature": "Bank", "text": "Hello. Reply STOP to stop"})
    _status, said = show(template, "customer=P00000")

    assert "by rule J-US: opt_out" in unsaid
    assert "J-US" not in said


def test_who_may_not_see_customers_sees_no_preview() -> None:
    make_lin()
    template = save(Channel.EMAIL, EMAIL)

    assert show(template, "customer=P00000", role="checker")[0] == 403
    assert show(template, "customer=P00000", role="operator")[0] == 403


def test_a_number_that_nobody_has_is_said_to_be_none() -> None:
    status, page = show(save(Channel.EMAIL, EMAIL), "customer=%3Cb%3E")

    assert status == 200
    assert "There is no customer &lt;b&gt;." in page


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Rates [new] €", "characters 16, segments 1 · GSM-7: 160 in one segment"),
        ("Rates are up 🎉", "characters 15, segments 1 · Unicode because of “🎉”: 70 in one"),
    ],
)
def test_what_is_typed_says_how_many_characters_fit_and_why(text: str, line: str) -> None:
    client = Client()
    client.force_login(make_staff().marketer)

    told = client.post(reverse("admin:campaigns_template_measure"), {"text": text}).json()["line"]

    assert line in told


def test_a_text_message_is_measured_while_it_is_typed() -> None:
    client = Client()
    client.force_login(make_staff().marketer)
    where = reverse("admin:campaigns_template_measure")
    typed = {"text": "好" * 66 + "{{ customer.name }}", "signature": "银行"}

    told = client.post(where, typed).json()["line"]

    # 2 brackets, 2 of the signature, 66 and a blank on either side of the value
    assert told == (
        "Without values: characters 72, segments 2"
        " · Unicode because of “【”: 70 in one segment, 67 in each of several"
    )
    assert client.get(where).status_code == 405
    page = client.get(reverse("admin:campaigns_template_add") + "?channel=sms").content.decode()
    assert f'data-measure="{where}"' in page
