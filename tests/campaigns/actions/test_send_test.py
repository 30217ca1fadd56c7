"""Test messages: by the real provider, marked, to seeds alone, and in no figure."""

import pytest

from campaigns.actions.seeds import MOST, add_seed, remove_seed, save_seed_list
from campaigns.actions.send_test import MOST_A_DAY, As, send_test_messages
from campaigns.actions.stop import Scope, stop_sending
from campaigns.actions.suppress import suppress
from campaigns.channels.base import Accepted, Channel, Outcome, Outgoing, Refused
from campaigns.channels.memory import MemoryProvider
from campaigns.content.render import MissingVariable
from campaigns.errors import NotOnRecord, StateConflict
from campaigns.models import (
    Contact,
    Link,
    ProviderAccount,
    SeedList,
    SeedMessage,
    Suppression,
    TemplateVersion,
    Touch,
)
from compliance.models import AuditEntry
from customers.models import Event
from tests.factories import NOW, make_memory_account, make_people, make_staff, make_template

pytestmark = pytest.mark.django_db
ADDRESS = "ann@bank.example.com"


def make_seeds(channel: Channel = Channel.EMAIL, *addresses: str) -> SeedList:
    staff = make_staff()
    seeds = save_seed_list(seed_list=SeedList(name="Office"), actor=staff.operator, now=NOW)
    for address in addresses or (ADDRESS,):
        add_seed(
            seed_list=seeds,
            channel=channel,
            label="Ann",
            address=address,
            actor=staff.operator,
            now=NOW,
        )
    return seeds


def send(
    version: TemplateVersion, seeds: SeedList, rendered_as: As | None = None
) -> list[SeedMessage]:
    return list(
        send_test_messages(
            version=version,
            seed_list=seeds,
            rendered_as=rendered_as or As(),
            actor=make_staff().marketer,
            now=NOW,
        )
    )


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> MemoryProvider:
    """The e-mail account's double."""
    return make_memory_account(monkeypatch)


def test_a_draft_goes_to_the_seeds_of_its_channel(provider: MemoryProvider) -> None:
    seeds = make_seeds(Channel.EMAIL, ADDRESS, "bob@bank.example.com")
    add_seed(
        seed_list=seeds,
        channel=Channel.SMS,
        label="Ann",
        address="13800138000",
        actor=make_staff().operator,
        now=NOW,
    )

    send(make_template(is_approved=False), seeds)

    assert [message.address for message in provider.sent] == [ADDRESS, "bob@bank.example.com"]


@pytest.mark.parametrize(("subject", "marked"), [("News", "[Test] News"), ("新闻", "【测试】新闻")])
def test_the_subject_says_that_it_is_a_test(
    provider: MemoryProvider, subject: str, marked: str
) -> None:
    send(make_template(parts={"subject": subject}, is_approved=False), make_seeds())

    assert provider.sent[0].content["subject"] == marked


def test_a_text_message_says_so_in_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_memory_account(monkeypatch, Channel.SMS)

    send(make_template(Channel.SMS, is_approved=False), make_seeds(Channel.SMS, "13800138000"))

    assert provider.sent[0].content["text"].startswith("[Test] Hello")


def test_it_is_rendered_as_a_customer_whose_name_is_masked(provider: MemoryProvider) -> None:
    make_people(1, columns={"name": "Lin Daiyu", "city": "Suzhou"})
    version = make_template(
        parts={"text": "{{ customer.name }} of {{ customer.city }}"}, is_approved=False
    )

    send(version, make_seeds(), As(customer_no="P00000"))

    assert provider.sent[0].content["text"] == "L*** of Suzhou"


def test_it_is_rendered_with_sample_values(provider: MemoryProvider) -> None:
    version = make_template(parts={"text": "{{ customer.city }}"}, is_approved=False)

    send(version, make_seeds(), As(sample={"city": "Harbin"}))

    assert provider.sent[0].content["text"] == "Harbin"


def test_a_value_that_is_missing_is_told_and_nothing_is_sent(provider: MemoryProvider) -> None:
    version = make_template(parts={"text": "{{ customer.shoe_size }}"}, is_approved=False)

    with pytest.raises(MissingVariable, match="shoe_size"):
        send(version, make_seeds())

    assert not provider.sent


def test_an_unknown_customer_is_told(provider: MemoryProvider) -> None:
    with pytest.raises(NotOnRecord):
        send(make_template(is_approved=False), make_seeds(), As(customer_no="nobody"))


def test_it_is_no_touch_no_contact_no_event_and_no_tracked_link(provider: MemoryProvider) -> None:
    send(make_template(is_approved=False), make_seeds())

    assert not any(model.objects.exists() for model in (Touch, Contact, Event, Link))


def test_its_links_lead_straight_to_their_targets(provider: MemoryProvider) -> None:
    send(make_template(is_approved=False), make_seeds())

    assert "https://shop.example.com/page" in provider.sent[0].content["html"]
    assert "/o/" not in provider.sent[0].content["html"]


def test_a_row_keeps_what_the_provider_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(message: Outgoing) -> Outcome:
        return Refused(key=message.key, code="bad_box", message=f"no mailbox {ADDRESS}")

    make_memory_account(monkeypatch, script=refuse)

    send(make_template(is_approved=False), make_seeds())

    kept = SeedMessage.objects.get()
    assert (kept.outcome, kept.masked) == ("refused", "a***@bank.example.com")
    assert kept.answer == "bad_box: no mailbox a***@bank.example.com"


@pytest.mark.parametrize("says", [Refused, Accepted])
def test_a_provider_that_says_what_no_column_holds_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, says: type[Refused] | type[Accepted]
) -> None:
    def odd(message: Outgoing) -> Outcome:
        if says is Accepted:
            return Accepted(key=message.key, provider_id="a\x00" + "b" * 900)
        return Refused(key=message.key, code="c\x00", message="\x00" + "m" * 900)

    make_memory_account(monkeypatch, script=odd)

    send(make_template(is_approved=False), make_seeds())

    kept = SeedMessage.objects.get()
    assert kept.outcome == ("accepted" if says is Accepted else "refused")
    assert kept.answer.startswith("c: m") if says is Refused else kept.provider_id[:2] == "ab"


def test_the_audit_trail_tells_who_sent_what_to_whom(provider: MemoryProvider) -> None:
    version = make_template(is_approved=False)

    send(version, make_seeds())

    entry = AuditEntry.objects.get(action="template.test")
    assert (entry.actor, entry.subject) == ("marketer", version.template.key)
    assert entry.detail["messages"][0]["to"] == "a***@bank.example.com"


@pytest.mark.parametrize("scope", ["all", "channel", "account"])
def test_an_emergency_stop_holds_it_back(provider: MemoryProvider, scope: str) -> None:
    account = ProviderAccount.objects.get()
    scopes = {
        "all": Scope(),
        "channel": Scope(channel="email"),
        "account": Scope(account=account),
    }
    version, seeds = make_template(is_approved=False), make_seeds()
    stop_sending(scope=scopes[scope], actor="test", why="", now=NOW)

    with pytest.raises(StateConflict, match="emergency stop"):
        send(version, seeds)

    assert not provider.sent


def test_a_stop_of_another_channel_does_not(provider: MemoryProvider) -> None:
    stop_sending(scope=Scope(channel="sms"), actor="test", why="", now=NOW)

    assert send(make_template(is_approved=False), make_seeds())


def test_a_suppressed_seed_is_left_out(provider: MemoryProvider) -> None:
    seeds = make_seeds(Channel.EMAIL, ADDRESS, "bob@bank.example.com")
    why = Suppression.Why.UNDELIVERABLE
    suppress(kind="email", values=[ADDRESS], why=why, account=None, now=NOW)

    send(make_template(is_approved=False), seeds)

    assert [message.address for message in provider.sent] == ["bob@bank.example.com"]


def test_nobody_sends_to_the_public_by_tests(
    provider: MemoryProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.actions.send_test.MOST_A_DAY", 1)
    version, seeds = make_template(is_approved=False), make_seeds()
    send(version, seeds)

    with pytest.raises(StateConflict, match="24 hours"):
        send(version, seeds)

    assert len(provider.sent) == 1 <= MOST_A_DAY


def test_a_list_is_bounded() -> None:
    seeds = make_seeds(Channel.EMAIL, *(f"p{number}@bank.example.com" for number in range(MOST)))

    with pytest.raises(StateConflict, match="at most"):
        add_seed(
            seed_list=seeds,
            channel=Channel.EMAIL,
            label="",
            address=ADDRESS,
            actor=make_staff().operator,
            now=NOW,
        )


def test_the_same_address_is_on_a_list_once() -> None:
    assert make_seeds(Channel.EMAIL, ADDRESS, "ann@BANK.example.com").seeds.count() == 1


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(StateConflict, match="no address"):
        make_seeds(Channel.SMS, "not a number")


def test_lists_and_addresses_are_on_record_masked() -> None:
    seeds = make_seeds()

    remove_seed(seed=seeds.seeds.get(), actor=make_staff().operator, now=NOW)

    acts = AuditEntry.objects.filter(action__startswith="seed").order_by("seq")
    assert [each.action for each in acts] == ["seed_list.make", "seed.add", "seed.remove"]
    assert all(ADDRESS not in str(each.detail) for each in acts)
