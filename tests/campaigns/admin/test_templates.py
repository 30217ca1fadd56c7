"""The console's form of a template keeps, changes, adds and removes its language variants."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.actions.templates import save_template
from campaigns.channels.base import Channel
from campaigns.models import Template, TemplateVersion
from tests.factories import NOW, make_staff

pytestmark = pytest.mark.django_db
VARIANTS = {"zh": {"text": "您好"}, "zh-hant": {"text": "您好嗎", "signature": "銀行"}}
SHOWN = {
    "product": "",
    "part_text": "Hello",
    "part_signature": "Bank",
    "variant:zh:text": "您好",
    "variant:zh:signature": "",
    "variant:zh-hant:text": "您好嗎",
    "variant:zh-hant:signature": "銀行",
}


@pytest.fixture
def marketer() -> Client:
    client = Client()
    client.force_login(make_staff().marketer)
    return client


def save(variants: dict[str, dict[str, str]], text: str = "Hello") -> Template:
    return save_template(
        key="hello",
        name="Hello",
        channel=Channel.SMS,
        parts={"text": text, "signature": "Bank"},
        variants=variants,
        maker=make_staff().marketer,
        now=NOW,
    ).template


def address(template: Template, query: str = "") -> str:
    return reverse("admin:campaigns_template_change", args=[template.pk]) + query


def newest() -> TemplateVersion:
    return TemplateVersion.objects.latest("number")


def test_the_page_shows_every_variants_parts_in_boxes(marketer: Client) -> None:
    form = marketer.get(address(save(VARIANTS))).context["adminform"].form

    shown = {name: form[name].value() for name in form.fields if name.startswith("variant:")}
    assert shown == {
        "variant:zh:text": "您好",
        "variant:zh:signature": None,
        "variant:zh-hant:text": "您好嗎",
        "variant:zh-hant:signature": "銀行",
    }


def test_saving_another_text_keeps_the_variants(marketer: Client) -> None:
    template = save(VARIANTS)

    answer = marketer.post(address(template), {**SHOWN, "part_text": "Good day"})

    assert answer.status_code == 302
    assert (newest().number, newest().parts["text"]) == (2, "Good day")
    assert newest().variants == VARIANTS


def test_a_variant_that_came_after_the_page_was_opened_is_kept(marketer: Client) -> None:
    template = save({})
    save(VARIANTS)

    marketer.post(address(template), {"part_text": "Good day", "part_signature": "Bank"})

    assert (newest().number, newest().variants) == (3, VARIANTS)


def test_a_variant_whose_boxes_are_emptied_is_removed(marketer: Client) -> None:
    template = save(VARIANTS)

    marketer.post(address(template), {**SHOWN, "variant:zh:text": ""})

    assert newest().variants == {"zh-hant": VARIANTS["zh-hant"]}


def test_a_language_is_added_with_its_parts(marketer: Client) -> None:
    template = save(VARIANTS)

    page = marketer.get(address(template, "?variant=DE_at"))
    marketer.post(address(template, "?variant=DE_at"), {**SHOWN, "variant:de-at:text": "Grüezi"})

    assert "variant:de-at:text" in page.content.decode()
    assert newest().variants == {**VARIANTS, "de-at": {"text": "Grüezi"}}


def test_a_new_template_may_have_a_language_variant_at_once(marketer: Client) -> None:
    where = reverse("admin:campaigns_template_add") + "?channel=sms&variant=zh"
    typed = {"key": "new", "name": "New", "part_text": "Hello", "part_signature": "Bank"}

    marketer.post(where, {**typed, "variant:zh:text": "您好"})

    assert newest().variants == {"zh": {"text": "您好"}}


def test_an_error_in_a_variant_stands_at_its_box(marketer: Client) -> None:
    template = save(VARIANTS)

    page = marketer.post(address(template), {**SHOWN, "variant:zh:text": "{% foo %}"})

    assert set(page.context["adminform"].form.errors) == {"variant:zh:text"}
    assert newest().number == 1


@pytest.mark.parametrize("locale", ["", "x", "zh:text", "zh'"])
def test_what_is_no_language_gets_no_boxes(marketer: Client, locale: str) -> None:
    form = marketer.get(address(save({}), f"?variant={locale}")).context["adminform"].form

    assert not [name for name in form.fields if name.startswith("variant:")]


def test_who_only_reads_sees_the_variants_in_the_content(marketer: Client) -> None:
    template = save(VARIANTS)
    checker = Client()
    checker.force_login(make_staff().checker)

    assert "銀行" in checker.get(address(template)).content.decode()


def test_the_form_says_what_the_template_is_for(marketer: Client) -> None:
    template = save({})
    boxes = {"product": "", "part_text": "Hello", "part_signature": "Bank"}
    assert marketer.get(address(template)).context["adminform"].form["purpose"].value() == (
        "marketing"
    )

    marketer.post(address(template), {**boxes, "purpose": "statutory"})
    assert (newest().number, newest().purpose) == (2, "statutory")
    marketer.post(address(template), {**boxes, "part_text": "Good day"})
    assert (newest().number, newest().purpose) == (3, "statutory")

    refused = marketer.post(address(template), {**boxes, "purpose": "education"})
    assert refused.context["adminform"].form.errors["purpose"]
    assert newest().number == 3
