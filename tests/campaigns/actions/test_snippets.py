"""Snippets: reviewed like templates, fixed in what is approved, put in anew on demand."""

import pytest
from django.db import IntegrityError, transaction

from campaigns.actions.preview import preview_template, read_asked
from campaigns.actions.snippets import (
    delete_snippet,
    rebuild_templates,
    review_snippet,
    save_snippet,
    submit_snippet,
)
from campaigns.channels.base import Channel
from campaigns.errors import StateConflict, TemplateError
from campaigns.models import SnippetUse, SnippetVersion, TemplateVersion
from compliance.errors import SelfReview
from compliance.models import AuditEntry
from compliance.queries import is_approved
from tests.factories import NOW, make_staff, make_template

pytestmark = pytest.mark.django_db
NAMED = {"text": 'Hello. {% snippet "risk" %}', "signature": "Bank"}


def save(text: str, *, key: str = "risk", **forms: str) -> SnippetVersion:
    return save_snippet(
        key=key,
        name=key.title(),
        forms={"text": text, **forms},
        maker=make_staff().marketer,
        now=NOW,
    )


def approve(version: SnippetVersion) -> SnippetVersion:
    staff = make_staff()
    submit_snippet(version=version, maker=staff.marketer, now=NOW)
    review_snippet(version=version, checker=staff.checker, approve=True, opinion="", now=NOW)
    return version


def sms(text: str = NAMED["text"], *, is_approved: bool = False) -> TemplateVersion:
    return make_template(Channel.SMS, parts={**NAMED, "text": text}, is_approved=is_approved)


def test_a_template_gets_the_approved_text_when_it_is_saved() -> None:
    approve(save("Funds may lose value."))
    save("Something newer, not approved.")

    assert sms().built[""]["text"] == "Hello. Funds may lose value."


def test_what_the_author_wrote_stays_as_he_wrote_it() -> None:
    approve(save("Funds may lose value."))

    assert sms().parts["text"] == NAMED["text"]


def test_one_without_an_approved_version_is_refused() -> None:
    save("Funds may lose value.")

    with pytest.raises(TemplateError) as refused:
        sms()

    assert refused.value.code == "snippet_waits"


def test_what_is_approved_does_not_change_with_a_newer_snippet() -> None:
    approve(save("Funds may lose value."))
    version = sms(is_approved=True)

    approve(save("Funds may lose all their value."))

    version.refresh_from_db()
    assert version.built[""]["text"] == "Hello. Funds may lose value."
    assert is_approved(kind="template", key="hello-sms", content_hash=version.content_hash)


def test_the_same_template_with_a_newer_snippet_is_another_content() -> None:
    approve(save("Funds may lose value."))
    before = sms()
    approve(save("Funds may lose all their value."))

    after = sms()

    assert after.number == before.number + 1
    assert after.content_hash != before.content_hash


def test_one_act_puts_a_newer_text_into_its_templates_as_drafts() -> None:
    approve(save("Funds may lose value."))
    sms(is_approved=True)
    snippet = approve(save("Funds may lose all their value.")).snippet

    done = rebuild_templates(snippet=snippet, maker=make_staff().marketer, now=NOW)

    newest = TemplateVersion.objects.latest("number")
    assert (list(done.drafts), list(done.refused)) == (["Hello"], [])
    assert newest.built[""]["text"].endswith("all their value.")
    assert not is_approved(kind="template", key="hello-sms", content_hash=newest.content_hash)


def test_doing_it_twice_makes_no_second_draft() -> None:
    approve(save("Funds may lose value."))
    sms()
    snippet = approve(save("Funds may lose all their value.")).snippet
    rebuild_templates(snippet=snippet, maker=make_staff().marketer, now=NOW)

    done = rebuild_templates(snippet=snippet, maker=make_staff().marketer, now=NOW)

    assert not done.drafts


def test_a_version_that_reads_the_same_there_needs_no_draft() -> None:
    approve(save("Funds may lose value.", html="<p>Old</p>"))
    sms()
    snippet = approve(save("Funds may lose value.", html="<p>New</p>")).snippet
    staff = make_staff()

    done = rebuild_templates(snippet=snippet, maker=staff.marketer, now=NOW)

    assert (list(done.drafts), TemplateVersion.objects.count()) == ([], 1)


def test_a_text_inside_another_snippet_reaches_the_templates_too() -> None:
    inner = approve(save("Funds may lose value.", key="inner")).snippet
    approve(save('{% snippet "inner" %} Ask us.'))
    sms()
    approve(save("Funds may lose all.", key="inner"))

    rebuild_templates(snippet=inner, maker=make_staff().marketer, now=NOW)

    newest = TemplateVersion.objects.latest("number")
    assert newest.built[""]["text"] == "Hello. Funds may lose all. Ask us."


def test_what_stands_in_a_template_cannot_be_deleted() -> None:
    snippet = approve(save("Funds may lose value.")).snippet
    sms()

    with pytest.raises(StateConflict, match="it stays"):
        delete_snippet(snippet=snippet, actor=make_staff().marketer, now=NOW)


def test_what_stands_nowhere_can_be_deleted_and_that_is_on_record() -> None:
    delete_snippet(snippet=save("Unused").snippet, actor=make_staff().marketer, now=NOW)

    assert AuditEntry.objects.get(action="snippet.delete").subject == "risk"
    assert not SnippetUse.objects.exists()


def test_a_version_never_changes() -> None:
    version = save("Funds may lose value.")

    with pytest.raises(IntegrityError), transaction.atomic():
        SnippetVersion.objects.filter(pk=version.pk).update(forms={"text": "Gains!"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing_part"),
        ("{% if a %}", "parse_error"),
        ("See http://example.com/x", "not_https"),
        ('{% snippet "risk" %}', "snippet_cycle"),
        ('{% snippet "none" %}', "unknown_snippet"),
    ],
)
def test_what_is_no_content_is_refused_when_saved(text: str, code: str) -> None:
    with pytest.raises(TemplateError) as refused:
        save(text)

    assert refused.value.code == code


def test_an_error_behind_a_snippet_keeps_its_place_in_what_was_written() -> None:
    approve(save("Funds\nmay\nlose value."))

    with pytest.raises(TemplateError, match="Line 1, column 37"):
        sms('Hello. {% snippet "risk" %} then {% nope %}')


def test_forbidden_wording_is_not_put_before_a_reviewer() -> None:
    with pytest.raises(TemplateError) as refused:
        submit_snippet(version=save("保本保息"), maker=make_staff().marketer, now=NOW)

    assert refused.value.code == "wording"


def test_its_maker_does_not_approve_it() -> None:
    staff = make_staff()
    version = save("Funds may lose value.")
    submit_snippet(version=version, maker=staff.marketer, now=NOW)

    with pytest.raises(SelfReview):
        review_snippet(version=version, checker=staff.marketer, approve=True, opinion="", now=NOW)


def test_a_preview_has_the_text_in_its_place() -> None:
    approve(save("Funds may lose value."))

    asked = read_asked({"template": 'Hi. {% snippet "risk" %}'})

    assert preview_template(asked=asked, on=NOW.date()).output == "Hi. Funds may lose value."
