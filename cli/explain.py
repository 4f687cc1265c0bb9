"""`tallystick explain`: an invoice, line by line, down to tiers and the exact events."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.output import Json, console, installed, print_json
from core.errors import NotFound
from core.warehouse import marts
from core.warehouse.connection import ReadWarehouse
from core.warehouse.line_events import line_events

EVENTS_SHOWN = 50
TOTALS = (
    ("fees_amount_cents", "Fees"), ("progressive_billing_credit_amount_cents", "Billed progressively before"), ("coupons_amount_cents", "Coupons"), ("taxes_amount_cents", "Taxes"),
    ("credit_notes_amount_cents", "Credit notes"), ("prepaid_credit_amount_cents", "Prepaid credits"), ("total_amount_cents", "Total"),
)  # fmt: skip
RARE = {"progressive_billing_credit_amount_cents"}
"""Shown where there is any."""
STEP_COLUMNS = {
    "from_value": "From", "to_value": "To", "units": "Units", "per_unit_amount": "Per unit", "rate": "Rate %",
    "package_size": "Package", "flat_count": "Times", "flat_amount": "Flat", "amount": "Amount",
}  # fmt: skip


def explain(
    invoice: Annotated[str, typer.Argument(help="Number or id of an invoice, issued or draft.", metavar="INVOICE")],
    line: Annotated[int | None, typer.Option(min=1, help="Only the line at this position.")] = None,
    events: Annotated[bool, typer.Option("--events", help="Show the events behind each line.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="With --events: at most so many events per line.")] = EVENTS_SHOWN,
    as_json: Json = False,
) -> None:
    """Show how an invoice came about: its lines, the tiers of each line, and with --events the events that were counted."""
    cursor = ReadWarehouse(installed(), threads=1).cursor()
    try:
        if as_json:
            print_json(explained(cursor, invoice, line, limit if events else 0))
        else:
            print_invoice(console, cursor, invoice, line=line, events=limit if events else 0)
    finally:
        cursor.close()


def explained(cursor: Any, key: str, line: int | None = None, events: int = 0) -> dict[str, Any]:
    """The invoice with the events `set_aside` from its periods and with `fees`, each with its `tiers`, how it was `adjusted` if it was, and when `events` > 0 its first `events` and `events_total`. Raises NotFound."""
    invoice = marts.get_invoice(cursor, key)
    if line is not None:
        invoice["fees"] = [fee for fee in invoice["fees"] if fee["position"] == line]
        if not invoice["fees"]:
            raise NotFound("line", line)
    tiers = marts.line_tiers(cursor, invoice["invoice_id"])
    invoice["set_aside"] = marts.set_aside_events(cursor, invoice["invoice_id"])
    adjusted = marts.adjusted_fees(cursor, invoice["invoice_id"])
    for fee in invoice["fees"]:
        fee["adjusted"] = adjusted.get(fee["fee_id"])
        fee["tiers"] = [tier for tier in tiers if tier["fee_id"] == fee["fee_id"]]
        if events:
            fee["events"], fee["events_total"] = line_events(cursor, fee["fee_id"], limit=events)
    return invoice


def print_invoice(to: Console, cursor: Any, key: str, *, line: int | None = None, events: int = 0) -> None:
    """Prints the invoice; `events` is how many of each line's events to show. Raises NotFound."""
    invoice = explained(cursor, key, line, events)
    currency = invoice["currency"]
    to.print(
        f"[bold]{escape(invoice['number'] or 'Draft')}[/bold]  {escape(invoice['customer_name'] or invoice['customer_external_id'])}  "
        f"issued {invoice['issuing_date']}, computed from what was known at {invoice['issued_at']:%Y-%m-%d %H:%M:%S} UTC, {invoice['status']}",
        highlight=False,
    )
    for event in invoice["set_aside"]:
        to.print(
            f"Set aside and not counted: event {event['transaction_id']} of {event['timestamp']} UTC {event['code']} {event['properties']}, "
            f"by {event['set_aside_by']}: {event['reason']}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    for fee in invoice["fees"]:
        _print_line(to, fee, ZoneInfo(invoice["timezone"]))
    if line is None:
        totals = Table.grid(padding=(0, 3))
        totals.add_column()
        totals.add_column(justify="right")
        for name, label in TOTALS:
            if invoice.get(name) or name not in RARE:
                totals.add_row(label, marts.money(invoice.get(name) or 0, currency))
        for tax in invoice["taxes"]:
            totals.add_row(
                f"  of which {escape(tax['tax_name'])} {plain(tax['tax_rate'])} %",
                marts.money(tax["amount_cents"], currency),
            )
        for use in invoice["credit_note_uses"]:
            totals.add_row(f"  of which paid by {use['number']}", marts.money(use["amount_cents"], currency))
        to.print(totals, "")
        for note in invoice["credit_notes"]:
            to.print(
                f"Credit note {note['number']} of {note['issuing_date']}, {note['reason']}: {marts.money(note['total_amount_cents'], currency)}, "
                f"of which credit {marts.money(note['credit_amount_cents'], currency)} ({marts.money(note['balance_amount_cents'], currency)} left), "
                f"refund {marts.money(note['refund_amount_cents'], currency)}, offset {marts.money(note['offset_amount_cents'], currency)}",
                highlight=False,
                soft_wrap=True,
            )


def _print_line(to: Console, fee: dict[str, Any], zone: ZoneInfo) -> None:
    """One line; its period is from the first day to the day after the last, where the customer is."""
    days = [instant.replace(tzinfo=UTC).astimezone(zone).date() for instant in (fee["from_at"], fee["to_at"]) if instant]
    period = f"  {days[0]} to {days[1]}" if len(days) == 2 else ""
    group = f"  {fee['group_key']}" if fee["group_key"] else ""
    events_count = fee.get("events_total") or fee["events_count"]
    counted = f"  from {events_count:,} events" if events_count else ""
    to.print(
        f"\n[bold]{fee['position']}. {escape(fee['item_name'] or fee['fee_type'])}[/bold]{escape(group)}{period}  {plain(fee['units'])} units{counted}  "
        f"[bold]{marts.money(fee['amount_cents'], fee['currency'])}[/bold]",
        highlight=False,
    )
    if said := fee["adjusted"]:
        to.print(f"Corrected on {said['adjusted_at']:%Y-%m-%d %H:%M} UTC by {said['adjusted_by']}, {_correction(said)}: {said['reason']}", highlight=False, markup=False, soft_wrap=True)
    if fee["tiers"]:
        to.print(_steps_table(fee))
    if fee.get("events"):
        table = Table(
            "Transaction",
            "Time (UTC)",
            "Received (UTC)",
            "Properties",
            title=f"{len(fee['events']):,} of {fee['events_total']:,} events",
            title_justify="left",
        )
        for event in fee["events"]:
            note = "" if event["is_counted"] else " (not counted)"
            if event["contributed_quantity"] is not None:
                note = f" (adds {plain(event['contributed_quantity'])})"
            table.add_row(
                escape(event["transaction_id"]),
                f"{event['timestamp']}",
                f"{event['received_at']}",
                escape(f"{event['properties']}{note}"),
            )
        to.print(table)


def _correction(said: dict[str, Any]) -> str:
    """What is instead of what was computed."""
    named = {"units": "units", "unit_precise_amount": "price of a unit"}
    parts = [f"{word} {plain(said[name])}" for name, word in named.items() if said[name] is not None]
    return " and ".join([*parts, *([f"name {said['invoice_display_name']}"] if said["invoice_display_name"] else [])])


def _steps_table(fee: dict[str, Any]) -> Table:
    """The steps of a line, without the columns that its charge model does not use."""
    titles = ["Step", *STEP_COLUMNS.values()]
    rows = [
        [
            tier["step_kind"].replace("_", " ") if tier["step_kind"] else "",
            *(plain(tier[name]) for name in STEP_COLUMNS),
        ]
        for tier in fee["tiers"]
    ]
    # A flat amount that is due once needs no count.
    idle = {"Flat": ("", "0"), "Times": ("", "0", "1")}
    used = [
        place for place in range(len(rows[0])) if any(row[place] not in idle.get(titles[place], ("",)) for row in rows)
    ]
    model = (fee["charge_model"] or "").replace("_", " ")
    table = Table(
        *(titles[place] for place in used),
        title=f"{model} {'tiers' if 'From' in (titles[place] for place in used) else 'price'}",
        title_justify="left",
    )
    for row in rows:
        table.add_row(*(row[place] for place in used))
    return table


def plain(number: Any) -> str:
    """A decimal without the zeros that its type pads it with; nothing for null."""
    if number is None:
        return ""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
