"""Lago's operations and how each is served: `python -m api.operations` writes the table in OPERATIONS.md."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI

from api.routers.left_out import LEFT_OUT

HERE = Path(__file__).parent
TABLE = HERE / "OPERATIONS.md"
PARTLY = {
    ("POST", "/plans"): "`regroup_paid_fees` of a charge is refused",
    ("PUT", "/plans/{code}"): "`regroup_paid_fees` of a charge is refused",
    ("POST", "/plans/{code}/charges"): "`regroup_paid_fees` is refused",
    ("PUT", "/plans/{code}/charges/{charge_code}"): "`regroup_paid_fees` is refused",
    ("GET", "/analytics/usage"): "what was billed, on the last day of each billed period; usage that is not billed yet is not in it",
    ("GET", "/customers/{external_customer_id}/projected_usage"): "what looks at each event (allowances, minimum and maximum of percentages, SQL charges) is priced as of now; presentation groups are not projected",
    ("DELETE", "/invoices/{lago_id}"): "a draft is refused (403): it is what is due of usage that was received, and can be held or corrected",
    ("DELETE", "/fees/{lago_id}"): "a fee on no invoice is refused (403), as an invoiced one (405): what is issued stays; tell that it is refunded",
    ("POST", "/invoices/{lago_id}/void"): "an invoice of progressive billing is refused (405)",
    ("POST", "/customers/{external_customer_id}/wallets/{wallet_code}/alerts"): "the value of each run is kept; nobody is told that a threshold was crossed",
    ("POST", "/wallet_transactions"): "`voided_transaction_id` is refused",
    ("POST", "/billing_entities"): "of `email_settings` only `invoice.finalized`",
    ("PUT", "/billing_entities/{code}"): "of `email_settings` only `invoice.finalized`",
    ("PUT", "/organizations"): "`webhook_url` is refused; of `email_settings` only `invoice.finalized`",
}
"""Operation -> what of it is not served."""


class Operation(NamedTuple):
    """An operation of Lago's clients, and how it is served: `served`, `partly`, `refused` or `missing`."""

    method: str
    path: str
    python: str
    javascript: str
    state: str
    remark: str


def operations(app: FastAPI) -> list[Operation]:
    """Every operation of the reference, in its order, as the routes of `app` serve it."""
    refused = {operation: reason for reason, left_out in LEFT_OUT.items() for operation in left_out}
    routes = {
        (method.upper(), _unnamed(path.removeprefix("/api/v1")))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    found = []
    with (HERE / "lago_operations.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            key = (row["method"], row["path"])
            if key in refused:
                state, remark = "refused", refused[key]
            elif (row["method"], _unnamed(row["path"])) not in routes:
                state, remark = "missing", ""
            else:
                state, remark = ("partly", PARTLY[key]) if key in PARTLY else ("served", "")
            found.append(Operation(*key, row["python"], row["javascript"], state, remark))
    return found


def table(app: FastAPI) -> str:
    """The operations as a page: counts, and a row for each."""
    found = operations(app)
    counts = Counter(operation.state for operation in found)
    told = ", ".join(f"{counts[state]} {state}" for state in ("served", "partly", "refused", "missing") if counts[state])
    rows = [
        f"| {row.method} | `{row.path}` | {row.state} | {row.remark} | {row.python} | {row.javascript} |" for row in found
    ]
    head = [
        "# Lago's operations",
        "",
        f"{len(found)} operations below `/api/v1`: {told}. Written by `python -m api.operations`; a test holds it true.",
        "",
        "| | Path | State | What is not served, or why | Python client | JavaScript client |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def _unnamed(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path)


if __name__ == "__main__":
    import tempfile

    from api.main import create_app
    from core.settings import Settings

    TABLE.write_text(table(create_app(Settings(home=Path(tempfile.gettempdir())))))
