"""Plans as files: they round-trip with the API's objects, say what they change, and are applied whole or not at all."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.schemas.plans import plan_object
from cli.plan_files import PlanFileError, apply, changes, documents_of, read_files, write_files
from core.catalog import billable_metrics, metadata, plans, taxes
from core.catalog.bootstrap import bootstrap
from core.catalog.engine import connect
from core.catalog.migrations import migrate
from core.catalog.unit_of_work import trial, unit_of_work
from core.clock import ManualClock

CLOCK = ManualClock(datetime(2026, 3, 1, 12))
NOT_OURS = {"lago_id", "created_at", "lago_billable_metric_id", "lago_add_on_id", "grouped_by"}
TIERS = [
    {"from_value": "0", "to_value": "10", "per_unit_amount": "0", "flat_amount": "0.5"},
    {"from_value": "11", "to_value": None, "per_unit_amount": "0.0000000025", "flat_amount": "0"},
]


def fill(engine: sa.Engine) -> None:
    """A tax, two metrics, and a plan with a filter, a group key, tiers and a charge's own tax."""
    with unit_of_work(engine, CLOCK) as uow:
        bootstrap(uow)
        taxes.create(uow, code="vat", name="VAT", rate="20")
        tokens = billable_metrics.create(
            uow, code="tokens", name="Tokens", aggregation_type="sum_agg", field_name="n", rounding_function="ceil", rounding_precision=2,
            filters=[{"key": "region", "values": ["eu", "us"]}],
        )  # fmt: skip
        calls = billable_metrics.create(uow, code="calls", name="Calls", aggregation_type="count_agg")
        pro = plans.create(
            uow, code="pro", name="Pro", interval="quarterly", amount_cents=9900, amount_currency="EUR", pay_in_advance=True, trial_period="14.5", tax_codes=["vat"],
            minimum_commitment_input={"amount_cents": 500, "tax_codes": ["vat"]},
            charges_input=[
                {
                    "billable_metric_id": tokens.id, "charge_model": "standard", "tax_codes": ["vat"],
                    "properties": {"amount": "0.10", "pricing_group_keys": ["model"], "presentation_group_keys": [{"value": "cloud", "options": {"display_in_invoice": True}}]},
                    "filters": [{"values": {"region": ["eu"]}, "properties": {"amount": "0.2"}, "invoice_display_name": "Europe"}],
                },
                {"billable_metric_id": calls.id, "charge_model": "graduated", "properties": {"graduated_ranges": TIERS}, "invoice_display_name": "Calls made", "late_usage_policy": "credit_note"},
            ],
        )  # fmt: skip
        metadata.replace(uow, pro, {"crm": "42", "tier": None})


@pytest.fixture
def filled(catalog: sa.Engine) -> sa.Engine:
    fill(catalog)
    return catalog


@pytest.fixture
def empty(tmp_path: Path) -> sa.Engine:
    """Another catalog that knows the tax and nothing else."""
    url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    migrate(url)
    engine = connect(url)
    with unit_of_work(engine, CLOCK) as uow:
        bootstrap(uow)
        taxes.create(uow, code="vat", name="VAT", rate="20")
    return engine


def seen(engine: sa.Engine) -> Any:
    """The plan as the API answers it, without what belongs to one installation."""

    def ours(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: ours(item) for name, item in value.items() if name not in NOT_OURS}
        return [ours(item) for item in value] if isinstance(value, list) else value

    with engine.connect() as connection:
        return ours(plan_object(connection, plans.get(connection, "pro")))


def exported(engine: sa.Engine, folder: Path) -> Path:
    with engine.connect() as connection:
        write_files(documents_of(connection), folder)
    return folder


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert text.count(old) == 1, text
    (folder / file).write_text(text.replace(old, new))


def test_files_carry_a_plan_to_another_installation(filled: sa.Engine, empty: sa.Engine, tmp_path: Path) -> None:
    folder = exported(filled, tmp_path / "prices")
    with unit_of_work(empty, CLOCK) as uow:
        assert [change.key for change in apply(uow, read_files(folder))] == [
            ("billable_metrics", "calls"), ("billable_metrics", "tokens"), ("plans", "pro"),
        ]  # fmt: skip
    assert seen(empty) == seen(filled)
    with empty.connect() as connection:
        assert changes(documents_of(connection), read_files(folder)) == []


def test_a_changed_price_is_one_change_and_keeps_the_charge(filled: sa.Engine, tmp_path: Path) -> None:
    folder = exported(filled, tmp_path / "prices")
    edit(folder, "plans/pro.yaml", "amount: '0.10'", "amount: 0.12")  # no quotes: still the text, never a float
    with filled.connect() as connection:
        before = plan_object(connection, plans.get(connection, "pro"))
    with unit_of_work(filled, CLOCK) as uow:
        (change,) = apply(uow, read_files(folder))
    assert change.fields == {"charges[tokens].properties.amount": ("0.10", "0.12")}
    with filled.connect() as connection:
        after = plan_object(connection, plans.get(connection, "pro"))
    assert after["charges"][0]["properties"]["amount"] == "0.12"
    assert [row["lago_id"] for row in after["charges"]] == [row["lago_id"] for row in before["charges"]]
    assert after["charges"][0]["filters"][0]["lago_id"] == before["charges"][0]["filters"][0]["lago_id"]


def test_a_charge_that_a_file_leaves_out_ends(filled: sa.Engine, tmp_path: Path) -> None:
    folder = exported(filled, tmp_path / "prices")
    text = (folder / "plans" / "pro.yaml").read_text()
    (folder / "plans" / "pro.yaml").write_text(text[: text.index("- code: calls")])
    with unit_of_work(filled, CLOCK) as uow:
        apply(uow, read_files(folder))
    assert [charge["code"] for charge in seen(filled)["charges"]] == ["tokens"]


def test_a_trial_leaves_no_trace(filled: sa.Engine, tmp_path: Path) -> None:
    folder = exported(filled, tmp_path / "prices")
    edit(folder, "plans/pro.yaml", "amount_cents: 9900", "amount_cents: 1")
    before = seen(filled)
    with trial(filled, CLOCK) as uow:
        apply(uow, read_files(folder))
        assert plans.get(uow.connection, "pro").amount_cents == 1
    assert seen(filled) == before


def test_one_bad_file_keeps_all_of_them_out(filled: sa.Engine, tmp_path: Path) -> None:
    folder = exported(filled, tmp_path / "prices")
    edit(folder, "billable_metrics/calls.yaml", "name: Calls", "name: Requests")
    edit(folder, "plans/pro.yaml", "amount: '0.10'", "amount: '-1'")
    with pytest.raises(PlanFileError, match=r"plans/pro: .*invalid_amount"), unit_of_work(filled, CLOCK) as uow:
        apply(uow, read_files(folder))
    with filled.connect() as connection:
        assert billable_metrics.get(connection, "calls").name == "Calls"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("charge_model: graduated", "charge_model: grad", r"charges\[calls\]: .*charge_model: value_is_invalid"),
        ("amount: '0.2'", "amount: two", r"charges\[tokens\].filters\[0\]: .*properties: invalid_amount"),
        ("per_unit_amount: '0.0000000025'", "per_unit_amount: '-1'", r"charges\[calls\]: .*properties: invalid_amount"),
        ("billable_metric_code: tokens", "billable_metric_code: token", r"charges\[tokens\]: There is no billable_metric 'token'"),
        ("- code: tokens", "- code: tokens\n  invoiceable: perhaps", r"charges\[tokens\]: .*invoiceable: "),
    ],
)  # fmt: skip
def test_a_wrong_row_of_a_file_is_named_with_its_field(
    filled: sa.Engine, tmp_path: Path, old: str, new: str, said: str
) -> None:
    folder = exported(filled, tmp_path / "prices")
    text = (folder / "plans/pro.yaml").read_text()
    if "invoiceable" in new:
        (folder / "plans/pro.yaml").write_text(text.replace("  invoiceable: true\n", "", 1))
    edit(folder, "plans/pro.yaml", old, new)
    with pytest.raises(PlanFileError, match="plans/pro: " + said), trial(filled, CLOCK) as uow:
        apply(uow, read_files(folder))


def test_a_price_needs_no_quotes(filled: sa.Engine, tmp_path: Path) -> None:
    folder = exported(filled, tmp_path / "prices")
    edit(folder, "plans/pro.yaml", "amount: '0.2'", "amount: 3")
    edit(folder, "plans/pro.yaml", "per_unit_amount: '0.0000000025'", "per_unit_amount: 0.0000000030")
    with unit_of_work(filled, CLOCK) as uow:
        (change,) = apply(uow, read_files(folder))
    assert [new for _, new in change.fields.values()] == ["3", "0.0000000030"]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("plans/pro.yaml", "interval:", "intervall:", "there is no field intervall"),
        ("plans/pro.yaml", "  charge_model: standard", "  model: standard", r"there is no field charges\[0\].model"),
        ("plans/pro.yaml", "code: pro\n", "", "it has no code"),
        ("plans/pro.yaml", "name: Pro", "name: [Pro", "it is not YAML"),
        ("billable_metrics/calls.yaml", "code: calls", "code: tokens", "another file"),
        ("plans/pro.yaml", "- code: calls", "- code: tokens", "charges has 'tokens' twice"),
        ("plans/pro.yaml", "name: Pro", "usage_thresholds: 5\nname: Pro", "usage_thresholds must be a list"),
        ("plans/pro.yaml", "name: Pro", "name: 2024-13-45", "it is not YAML"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_correct(
    filled: sa.Engine, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    folder = exported(filled, tmp_path / "prices")
    edit(folder, file, old, new)
    with pytest.raises(PlanFileError, match=said):
        read_files(folder)


def test_a_file_that_is_no_text_is_named(filled: sa.Engine, tmp_path: Path) -> None:
    folder = exported(filled, tmp_path / "prices")
    (folder / "plans/pro.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(PlanFileError, match=r"pro.yaml: it cannot be read: .*save it as text in UTF-8"):
        read_files(folder)


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match="tallystick plans export"):
        read_files(tmp_path)


def test_a_metric_that_nobody_knows_is_named(empty: sa.Engine, filled: sa.Engine, tmp_path: Path) -> None:
    folder = exported(filled, tmp_path / "prices")
    (folder / "billable_metrics" / "calls.yaml").unlink()
    with (
        pytest.raises(PlanFileError, match=r"plans/pro: charges\[calls\]: There is no billable_metric 'calls'"),
        unit_of_work(empty, CLOCK) as uow,
    ):
        apply(uow, read_files(folder))
