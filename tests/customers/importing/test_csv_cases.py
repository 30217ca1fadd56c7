"""Every file of the sample gets its verdict."""

import json
from pathlib import Path
from typing import Any

import pytest

from compliance.queries import clock_now
from customers.actions.consents import withdraw
from customers.actions.import_customers import ConsentTerms, import_customers
from customers.actions.sources import internal_source
from customers.errors import FileRejected, NeedsConfirmation
from customers.models import Customer
from customers.queries.consents import current_consents
from customers.queries.people import customer_facts

CASES = Path(__file__).parent.parent / "cases"
LINES = [json.loads(line) for line in (CASES / "csv_import.jsonl").read_text().splitlines()]


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.django_db
@pytest.mark.parametrize("case", LINES, ids=lambda case: f"{case['id']}-{case['title']}")
def test_file_gets_its_verdict(case: dict[str, Any]) -> None:
    expect = case["expect"]

    try:
        result = import_customers(path=CASES / case["input"]["file"], now=clock_now())
    except NeedsConfirmation:
        assert "needs_confirmation" in expect["class"].split("|")
        return
    except FileRejected:
        assert "reject_file" in expect["class"].split("|")
        assert Customer.objects.count() == 0
        return

    assert result.status in expect["class"].split("|")
    assert result.rows_ok == expect.get("rows_ok", result.rows_ok)
    assert result.rows_bad == expect.get("rows_bad", result.rows_bad)
    assert result.rows_bad >= expect.get("rows_bad_min", 0)
    assert Customer.objects.count() == result.rows_ok
    for customer_no, field, value in expect.get("probes", []):
        identifier = Customer.objects.get(customer_no=customer_no).pk
        assert getattr(customer_facts([identifier])[identifier], field) == value


@pytest.mark.django_db
def test_unclosed_quote_names_its_line_and_hides_no_other() -> None:
    path = CASES / "csv" / "unclosed_quote_line_2.csv"
    rows = len(path.read_text(encoding="utf-8").splitlines()) - 1

    result = import_customers(path=path, now=clock_now())

    assert (result.rows_ok, result.rows_bad) == (rows - 1, 1)
    assert result.errors_file
    listed = Path(result.errors_file).read_text(encoding="utf-8-sig").splitlines()[1]
    assert listed.startswith("1,2,")
    assert "quote_unclosed" in listed


@pytest.mark.django_db
def test_dates_are_read_or_refused_one_by_one() -> None:
    import_customers(path=CASES / "csv" / "dates.csv", now=clock_now())

    born = dict(Customer.objects.values_list("customer_no", "birth_on"))
    assert set(born) == {"u1", "u2", "u3", "u4"}
    assert {day.isoformat() for day in born.values() if day} == {"1990-03-07"}


@pytest.mark.django_db
def test_money_is_exact_and_words_are_never_numbers() -> None:
    import_customers(path=CASES / "csv" / "money_and_percent.csv", now=clock_now())

    assets = dict(Customer.objects.values_list("customer_no", "total_asset"))
    assert str(assets["u1"]) == "1234567.8900"
    assert str(assets["u2"]) == "1234.0000"
    assert not {"u3", "u4", "u6"} & set(assets)


@pytest.mark.django_db
def test_big5_is_imported_once_a_person_says_so() -> None:
    path = CASES / "csv" / "big5_traditional.csv"

    with pytest.raises(NeedsConfirmation):
        import_customers(path=path, now=clock_now())
    result = import_customers(path=path, encoding="big5", now=clock_now())

    assert result.rows_ok == 1
    identifier = Customer.objects.get().pk
    assert customer_facts([identifier])[identifier].name == "陳大文"


@pytest.mark.django_db
def test_import_does_not_take_a_withdrawal_back() -> None:
    path = CASES / "csv" / "import_must_not_resubscribe.csv"
    now = clock_now()
    import_customers(path=path, now=now)
    identifier = Customer.objects.get(customer_no="u_unsub").pk
    assert current_consents([identifier]) == {identifier: {"sms": "granted"}}
    withdraw(
        customer_id=identifier,
        purpose="marketing",
        channel="sms",
        source="reply",
        evidence={"text": "TD"},
        now=now,
    )

    again = import_customers(
        path=path, consents=ConsentTerms(channels=("sms", "email"), notice_version="2"), now=now
    )

    assert current_consents([identifier]) == {identifier: {"sms": "withdrawn", "email": "granted"}}
    assert (again.rows_ok, again.rows_flagged) == (1, 1)
    assert again.errors_file
    assert "consent_kept_withdrawn" in Path(again.errors_file).read_text(encoding="utf-8-sig")


@pytest.mark.django_db
def test_import_works_under_a_source_of_its_own() -> None:
    import_customers(
        path=CASES / "csv" / "control_utf8.csv", source_key="core-bank", now=clock_now()
    )

    source = internal_source(key="core-bank", name="any", now=clock_now())
    assert source.importjob_set.get().rows_ok == 3


@pytest.mark.django_db
def test_a_column_of_phone_numbers_is_known_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    lines = [f"k{n},1391234{n:04d},{n + 13_000_000_000 * (n == 7)}" for n in range(20)]
    path.write_text("\n".join(["customer_no,备用,turnover", *lines, "k20,0,1"]), encoding="utf-8")

    result = import_customers(path=path, now=clock_now())

    assert (result.rows_ok, result.rows_flagged) == (21, 20)
    assert result.attributes == {"备用": "text", "turnover": "number"}
    assert not any("备用" in one.attributes for one in Customer.objects.exclude(customer_no="k20"))


@pytest.mark.django_db
@pytest.mark.parametrize("dry_run", [True, False])
def test_cells_that_would_keep_a_contact_in_clear_are_left_out_and_told(
    tmp_path: Path, dry_run: bool
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "customer_no,remark,备用手机,turnover,city,objectives,total_asset\n"
        "k1,call 138 1234 5678 after six,13912345678,13912345678,Shanghai,growth,13812345678\n"
        "k2,prefers mail,13712345678,12,li@example.com,13612345678,1\n",
        encoding="utf-8",
    )

    result = import_customers(path=path, dry_run=dry_run, now=clock_now())

    assert (result.rows_ok, result.rows_bad, result.rows_flagged) == (2, 0, 5)
    assert result.errors_file
    told = Path(result.errors_file).read_text(encoding="utf-8-sig")
    assert told.count("contact_elsewhere") == 5
    assert "1234" not in told
    if not dry_run:
        ids = dict(Customer.objects.values_list("customer_no", "pk"))
        facts = customer_facts(list(ids.values()))
        assert facts[ids["k1"]].attributes == {"turnover": 13912345678}
        assert facts[ids["k2"]].attributes == {"remark": "prefers mail", "turnover": 12}
        assert not Customer.objects.filter(city__contains="@").exists()
        assert Customer.objects.get(customer_no="k1").total_asset == 13812345678


@pytest.mark.django_db
def test_numbers_of_identity_cards_are_left_out_and_other_long_numbers_stay(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "customer_no,证件号,old,order_no,city\n"
        "k1,110101199003076632,110101900307663,202401150123456,Wuhan\n"
        "k2,11010119900307758x,110101900307663,110101199013076632,ID 110101199003076632\n"
        "k3,110101199003076633,110101901307663,6222021234567890123,Wuhan\n",
        encoding="utf-8",
    )

    result = import_customers(path=path, now=clock_now())

    assert (result.rows_ok, result.rows_flagged) == (3, 5)
    told = Path(str(result.errors_file)).read_text(encoding="utf-8-sig")
    assert told.count("id_card") == 5
    assert "0307" not in told
    kept = dict(Customer.objects.values_list("customer_no", "attributes"))
    assert kept["k1"] == {"order_no": "202401150123456"}
    assert kept["k2"] == {"order_no": "110101199013076632"}
    assert kept["k3"] == {
        "证件号": "110101199003076633",
        "old": 110101901307663,
        "order_no": "6222021234567890123",
    }
    assert not Customer.objects.filter(city__startswith="ID").exists()
