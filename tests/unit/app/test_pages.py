"""Each page alone, without a browser: before the first run it explains itself, and words are as finance expects them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import app
from app import data, desk, now
from app.components import charts, credit_notes, draft, tables
from core.errors import Conflict, ValidationError
from core.warehouse.publish import Published

PAGES = sorted(path for path in (Path(str(app.__file__)).parent / "app_pages").glob("*.py") if path.stem != "__init__")


@pytest.fixture(autouse=True)
def empty_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    data.warehouse.clear()
    now.catalog.clear()
    now.billing.clear()


def test_there_is_a_page_for_each_task() -> None:
    assert [path.stem for path in PAGES] == [
        "customers",
        "ingestion",
        "invoice",
        "invoices",
        "plans",
        "revenue",
        "usage",
        "wallets",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_alone_says_what_to_do_when_nothing_is_published(page: Path) -> None:
    shown = AppTest.from_file(str(page), default_timeout=60).run()
    assert not shown.exception
    assert [heading.value for heading in shown.subheader] == ["Nothing is published yet"]
    assert "tallystick run" in shown.code[0].value


def test_money_has_the_decimals_of_its_currency() -> None:
    assert tables.money({"currency": "EUR", "total": 123456}, "total") == "1,234.56 EUR"
    assert tables.money({"currency": "JPY", "total": 123456}, "total") == "123,456 JPY"
    assert tables.money({"currency": "EUR", "total": None}, "total") == "0.00 EUR"


def test_statuses_are_said_in_the_words_of_finance() -> None:
    assert tables.badge("finalized") == ["issued"]
    assert tables.badge("pending") == ["unpaid"]
    assert tables.badge("draft") == ["draft"]


def test_a_chart_takes_amounts_as_exact_text(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(charts.st, "altair_chart", lambda chart, **options: drawn.append(chart))
    charts.balance(
        [{"at": datetime(2026, 1, 1), "balance": Decimal("0.10")}], at="at", value="balance", title="Balance"
    )
    assert drawn[0].to_dict()["data"]["values"] == [{"at": "2026-01-01 00:00:00", "balance": "0.10"}]


def test_an_amount_is_read_as_finance_writes_it() -> None:
    assert desk.cents("1,234.50", "EUR") == 123450
    assert desk.cents(" 7 ", "JPY") == 7
    assert desk.cents("", "EUR") == 0
    for wrong in ("0.005", "-1", "ten", "nan", "inf"):
        with pytest.raises(ValidationError, match="is not an amount of EUR; write it like 1234"):
            desk.cents(wrong, "EUR")


def test_a_refusal_is_said_in_words() -> None:
    refused = ValidationError({"refund_amount_cents": ["cannot_refund_unpaid_invoice"], "base": ["does_not_match_item_amounts", "odd"]})
    assert desk.words(refused) == (
        "Refund: Nothing of this invoice was paid, so nothing can be refunded. "
        "Credit, refund and offset must add up to the total of the note. odd"
    )
    assert desk.words(ValidationError({"given_by": ["value_is_mandatory"], "reason": ["value_is_mandatory"]})) == "Needed: your name, a reason."
    assert desk.words(Conflict("not_on_hold", "It is not on hold.")) == "It is not on hold."


def test_a_note_is_first_taken_off_what_is_due() -> None:
    limits = {"max_offsettable_amount_cents": 70}
    assert credit_notes.proposed(100, limits, "subscription") == {"offset_amount_cents": 70, "credit_amount_cents": 30, "refund_amount_cents": 0}
    assert credit_notes.proposed(50, limits, "subscription") == {"offset_amount_cents": 50, "credit_amount_cents": 0, "refund_amount_cents": 0}
    assert credit_notes.proposed(100, limits, "credit") == {"offset_amount_cents": 70, "credit_amount_cents": 0, "refund_amount_cents": 30}


def test_a_draft_says_what_it_rests_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "published", lambda: Published(1, 1, datetime(2024, 2, 3, 6)))
    monkeypatch.setattr(data, "ask", lambda *_, **__: ([], 2))
    for issued, said in ((2, "(3 Feb 2024, 06:00 UTC)."), (3, "the next run settles the draft after it.")):
        monkeypatch.setattr(now, "ask", lambda *_, issued=issued, **__: ([], issued))
        told = draft.known({"customer_id": "one"})
        assert told.startswith("Computed now, over the usage that the last run loaded (3 Feb 2024, 06:00 UTC).") and told.endswith(said)
