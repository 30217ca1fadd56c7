"""Files of accounts, balances, trades and the like: staged, checked, released or held."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from compliance.models import Product
from customers.actions.import_jobs import ImportStatus
from customers.actions.load_file import LoadResult, load_file
from customers.actions.mappings import save_mapping, saved_mapping
from customers.actions.tags import let_give
from customers.errors import FileRejected
from customers.importing.kinds.registry import KINDS
from customers.models import (
    Account,
    AssetDay,
    CashFlow,
    CorporateAction,
    Customer,
    ImportJob,
    Kyc,
    PositionDay,
    Price,
    ProductTerms,
    QualityResult,
    QualityRule,
    RiskAssessment,
    StagedRow,
    Tagging,
    Trade,
)
from customers.queries.wealth import latest_assets, latest_holdings
from customers.vocabulary import Aspect, Outcome, TagSource
from tests.factories import NOW, make_people

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def customer() -> int:
    return make_people(1, prefix="C")[0]  # C00000


def write(folder: Path, rows: Rows, encoding: str = "utf-8") -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def load(folder: Path, kind: str, rows: Rows, **told: Any) -> LoadResult:
    told = {"source_key": "core", "now": NOW, **told}
    return load_file(kind_key=kind, path=write(folder, rows), **told)


def account(number: str = "A1", **told: Any) -> dict[str, Any]:
    return {
        "number": number,
        "customer": "C00000",
        "kind": "cash",
        "opened_on": "2020-01-02",
        **told,
    }


def product(code: str = "F1", **told: Any) -> dict[str, Any]:
    return {"code": code, "name": code, "distributor_risk": "R3", "status": "open", **told}


def asset(number: str = "A1", **told: Any) -> dict[str, Any]:
    row = {"account": number, "valued_on": TODAY, "cash": 10, "market_value": 90, "net": 100}
    return {**row, **told}


def position(code: str = "F1", **told: Any) -> dict[str, Any]:
    row = {"account": "A1", "product": code, "held_on": TODAY, "quantity": 45, "price": 2}
    return {**row, "market_value": 90, **told}


def trade(number: int, **told: Any) -> dict[str, Any]:
    row = {"trade_id": f"T{number}", "acct": "A1", "code": "F1", "ts": "2026-03-02 09:31:05"}
    return {**row, "side": "买入", "qty": 100, "px": "4.01", "status": "filled", **told}


def kyc(number: str = "C00000", **told: Any) -> dict[str, Any]:
    row = {"customer_no": number, "level": "标准", "aml_hold": "否", "checked_on": TODAY}
    return {**row, **told}


def outcome(result: LoadResult, aspect: Aspect) -> Outcome:
    return next(one.outcome for one in result.findings if one.aspect is aspect)


def reasons(result: LoadResult) -> list[tuple[int, str]]:
    assert result.errors_file
    with Path(result.errors_file).open(encoding="utf-8-sig", newline="") as file:
        return [(int(row["line"]), row["code"]) for row in csv.DictReader(file)]


def counts() -> list[int]:
    tables = (Account, Product, ProductTerms, Price, AssetDay, PositionDay, Trade, CashFlow)
    more = (RiskAssessment, Kyc, CorporateAction, Tagging)
    return [table.objects.count() for table in (*tables, *more)]


def load_all(folder: Path) -> list[LoadResult]:
    flow = {"id": "L1", "account": "A1", "ts": "2026-03-02T09:00:00+08:00", "kind": "转账"}
    told = {"customer_no": "C00000", "assessed_at": "2026-03-01 10:00", "level": "C4", "score": 61}
    price = {"code": "F1", "date": TODAY, "nav": "1.2345"}
    let_give(tag="vip", source=TagSource.FILE, ttl_days=30)
    return [
        load(folder, "accounts", [account()]),
        load(folder, "products", [product(start="2025-01-01", min_amt="1,000")]),
        load(folder, "prices", [price]),
        load(folder, "assets", [asset(inflow=20, outflow=0)]),
        load(folder, "positions", [position()]),
        load(folder, "trades", [trade(1)]),
        load(folder, "cash_flows", [{**flow, "amt": 20, "external": "是"}]),
        load(folder, "risk_assessments", [told]),
        load(folder, "kyc", [kyc()]),
        load(folder, "corporate_actions", [{"code": "F1", "kind": "分红", "ex_date": TODAY}]),
        load(folder, "tags", [{"customer_no": "C00000", "tag": "vip", "at": TODAY}]),
    ]


def test_every_kind_comes_in_and_is_shown(tmp_path: Path, customer: int) -> None:
    results = load_all(tmp_path)

    assert [result.status for result in results] == [ImportStatus.OK] * len(KINDS)
    assert latest_assets(customer)[0].net == 100
    assert latest_holdings(customer)[0].quantity == 45
    bought = Trade.objects.get()
    assert (bought.side, bought.price, bought.currency) == ("buy", Decimal("4.01"), "CNY")
    assert bought.traded_at.isoformat() == "2026-03-02T01:31:05+00:00"
    assert Customer.objects.get(pk=customer).risk_level == "C4"
    assert ProductTerms.objects.get().minimum_amount == 1000
    assert StagedRow.objects.count() == 0


def test_the_same_files_again_change_nothing(tmp_path: Path, customer: int) -> None:
    load_all(tmp_path)
    before = counts()

    again = load_all(tmp_path)

    assert [result.status for result in again] == [ImportStatus.OK] * len(KINDS)
    assert counts() == before == [1] * 12


def test_two_sources_may_number_their_trades_alike(tmp_path: Path, customer: int) -> None:
    load_all(tmp_path)

    load(tmp_path, "trades", [trade(1, px=5)], source_key="other")
    load(tmp_path, "trades", [trade(1, px=6)], source_key="other")

    told = Trade.objects.order_by("source__key").values_list("source__key", "price")
    assert list(told) == [("core", Decimal("4.01")), ("other", Decimal(6))]


def test_xlsx_is_read_like_csv(tmp_path: Path, customer: int) -> None:
    book = openpyxl.Workbook()
    rows = [list(account()), list(account().values())]
    for row in rows:
        book.active.append(row)
    path = tmp_path / "accounts.xlsx"
    book.save(path)

    result = load_file(kind_key="accounts", path=path, source_key="core", now=NOW)

    assert result.status is ImportStatus.OK
    assert Account.objects.get().opened_on == date(2020, 1, 2)


def test_bad_rows_are_listed_and_the_others_go_in(tmp_path: Path, customer: int) -> None:
    load_all(tmp_path)
    rows = [trade(number) for number in range(2, 102)]
    rows[3]["qty"] = "1.38E+10"
    rows[4]["px"] = "-1"
    rows[5]["acct"] = "nobody"
    rows[6]["trade_id"] = "T2"
    rows[7]["side"] = "hold"
    QualityRule.objects.filter(aspect=Aspect.VOLUME).update(is_active=False)

    result = load(tmp_path, "trades", rows)

    assert result.status is ImportStatus.PARTIAL
    assert (result.rows_ok, result.rows_bad) == (95, 5)
    assert reasons(result) == [
        (5, "not_a_number"),
        (6, "out_of_range"),
        (7, "account_unknown"),
        (8, "key_twice"),
        (9, "choice_unknown"),
    ]
    assert "Known are: buy, sell, b, s, 买" in Path(str(result.errors_file)).read_text("utf-8-sig")


@pytest.mark.parametrize("branch", ["ask 13800138000", "a@b.example", "11010119900307758X"])
def test_what_names_a_person_is_no_branch(tmp_path: Path, customer: int, branch: str) -> None:
    others = [account(f"B{number}", branch="Pudong") for number in range(100)]

    result = load(tmp_path, "accounts", [account(branch=branch), *others])

    assert [code for _line, code in reasons(result)] == ["personal_text"]
    assert (result.rows_ok, Account.objects.filter(number="A1").exists()) == (100, False)


@pytest.mark.parametrize(
    ("aspect", "kind", "rows"),
    [
        (Aspect.TYPES, "trades", [trade(7, px="x"), trade(8)]),
        (Aspect.RANGES, "trades", [trade(7, ts="2031-01-01 10:00"), trade(8)]),
        (Aspect.UNIQUENESS, "trades", [trade(7), trade(7)]),
        (Aspect.REFERENCES, "trades", [trade(7, code="X9"), trade(8)]),
        (Aspect.COMPLETENESS, "positions", [position(price="")]),
        (Aspect.VOLUME, "trades", [trade(number) for number in range(4)]),
        (Aspect.RECONCILIATION, "assets", [asset(net=101)]),
        (Aspect.RECONCILIATION, "positions", [position(market_value=80)]),
    ],
)
def test_a_file_that_breaks_a_rule_is_blocked_and_nothing_of_it_is_in(
    tmp_path: Path, customer: int, aspect: Aspect, kind: str, rows: Rows
) -> None:
    load_all(tmp_path)
    before = counts()

    result = load(tmp_path, kind, rows)

    assert result.status is ImportStatus.BLOCKED
    assert [one.aspect for one in result.findings if one.outcome is Outcome.FAILED] == [aspect]
    assert counts() == before
    stored = QualityResult.objects.get(load=result.load, aspect=aspect)
    assert stored.outcome == Outcome.FAILED


def test_old_figures_only_warn(tmp_path: Path, customer: int) -> None:
    load(tmp_path, "accounts", [account()])

    result = load(tmp_path, "assets", [asset(valued_on=TODAY - timedelta(days=30))])

    assert outcome(result, Aspect.FRESHNESS) is Outcome.WARNED
    assert result.status is ImportStatus.OK


def test_a_rule_is_data(tmp_path: Path, customer: int) -> None:
    load(tmp_path, "accounts", [account()])
    assert load(tmp_path, "assets", [asset(net=101)]).status is ImportStatus.BLOCKED
    told = QualityRule.objects.filter(kind="assets", aspect=Aspect.RECONCILIATION)
    told.update(details={"tolerance": 5})

    assert load(tmp_path, "assets", [asset(net=101)]).status is ImportStatus.OK


def test_what_depends_on_a_blocked_file_waits_and_goes_in_with_its_successor(
    tmp_path: Path, customer: int
) -> None:
    load_all(tmp_path)
    bad = load(tmp_path, "assets", [asset(net=101)])

    waiting = load(tmp_path, "positions", [position(quantity=50)])
    assert (waiting.status, waiting.waits_for) == (ImportStatus.WAITING, bad.load)
    assert latest_holdings(customer)[0].quantity == 45
    # Trades depend on no balances.
    assert load(tmp_path, "trades", [trade(2)]).status is ImportStatus.OK

    mended = load(tmp_path, "assets", [asset()])

    assert mended.released == (waiting.load,)
    assert latest_holdings(customer)[0].quantity == 50
    states = dict(ImportJob.objects.values_list("pk", "state"))
    assert states[bad.load] == "replaced"
    assert states[waiting.load] == "done"
    assert StagedRow.objects.count() == 0


def test_a_dry_run_says_the_same_and_leaves_nothing(tmp_path: Path, customer: int) -> None:
    rows = [account(f"A{number}") for number in range(50)]
    rows[4]["customer"] = "nobody"

    told = load(tmp_path, "accounts", rows, dry_run=True)

    assert (told.status, told.rows_ok, told.rows_bad) == (ImportStatus.PARTIAL, 49, 1)
    assert reasons(told) == [(6, "customer_unknown")]
    assert Account.objects.count() == ImportJob.objects.count() == StagedRow.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "mapping", "path"),
    [
        ("nonsense", {}, "kind"),
        ("accounts", {"nowhere": "number"}, "map.nowhere"),
        ("accounts", {"kind": "colour"}, "map.kind"),
        ("accounts", {"number": "ignore"}, "map.number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, kind: str, mapping: dict[str, str], path: str
) -> None:
    with pytest.raises(FileRejected) as refused:
        load(tmp_path, kind, [account()], mapping=mapping)

    assert refused.value.path == path
    assert ImportJob.objects.count() == 0


def test_a_saved_mapping_reads_the_next_file(tmp_path: Path, customer: int) -> None:
    rows = [{"Konto": "A1", "Wem": "C00000", "Art": "cash"}]
    columns = {"Konto": "number", "Wem": "customer", "Art": "kind"}
    save_mapping(kind="accounts", name="core", columns=columns, saved_by="ann", now=NOW)
    rows[0]["opened_on"] = "2020-01-02"

    kept = saved_mapping(kind="accounts", name="core")
    assert load(tmp_path, "accounts", rows, mapping=kept.columns).status is ImportStatus.OK
    with pytest.raises(FileRejected, match="core"):
        saved_mapping(kind="accounts", name="other")


def test_too_many_questionnaires_are_refused_with_their_rows(tmp_path: Path, customer: int) -> None:
    told = [
        {"customer": "C00000", "assessed_at": f"2026-03-01 1{hour}:00", "level": f"C{hour + 1}"}
        for hour in range(4)
    ]

    result = load(tmp_path, "risk_assessments", told)

    assert (result.rows_ok, result.rows_bad) == (2, 2)
    assert [code for _line, code in reasons(result)] == ["assessed_too_often"] * 2


def test_a_hold_of_a_kyc_file_reaches_the_customer_and_is_lifted_by_the_next(
    tmp_path: Path, customer: int
) -> None:
    def is_held() -> bool:
        return Customer.objects.get(pk=customer).aml_hold

    load(tmp_path, "kyc", [kyc(aml_hold="是", id_expiry="2027-01-31")])
    after_first = is_held()
    load(tmp_path, "kyc", [kyc()])

    assert (after_first, is_held()) == (True, False)
    assert Kyc.objects.get().level == "standard"


def test_a_hold_of_a_kyc_file_moves_no_time_that_others_see(tmp_path: Path, customer: int) -> None:
    """It would stand in the portrait, and in the copy for the person himself."""
    before = Customer.objects.get(pk=customer).updated_at

    load(tmp_path, "kyc", [kyc(aml_hold="是")])

    after = Customer.objects.get(pk=customer)
    assert after.aml_hold
    assert after.updated_at == before


def test_a_kyc_file_without_its_holds_is_refused(tmp_path: Path, customer: int) -> None:
    row = {name: cell for name, cell in kyc().items() if name != "aml_hold"}

    with pytest.raises(FileRejected) as refused:
        load(tmp_path, "kyc", [row])

    assert refused.value.path == "map.aml_hold"


def test_a_hold_of_who_was_merged_holds_the_person(tmp_path: Path, customer: int) -> None:
    (other,) = make_people(1, prefix="D")
    Customer.objects.filter(pk=other).update(status="merged", merged_into=customer)
    load(tmp_path, "kyc", [kyc(), kyc("D00000", aml_hold="是")])

    load(tmp_path, "kyc", [kyc()])

    assert Customer.objects.get(pk=customer).aml_hold


def test_a_corporate_action_that_comes_again_is_put_right(tmp_path: Path) -> None:
    told = {"code": "F1", "kind": "split", "ex_date": TODAY}
    load(tmp_path, "products", [product()])
    load(tmp_path, "corporate_actions", [{**told, "ratio": 2}])

    load(tmp_path, "corporate_actions", [{**told, "ratio": "2.5"}])

    assert CorporateAction.objects.get().ratio == Decimal("2.5")
