"""What people decide about drafts over the API (ours). Of drafts that a run made, `tests/e2e/test_console_commands.py` does the same."""

from __future__ import annotations

from tests.unit.api.conftest import Api


def test_what_is_no_draft_cannot_be_held(api: Api) -> None:
    for action, body in (("hold", {"reason": "odd", "given_by": "ann"}), ("release", None), ("finalize", None)):
        refused = api.refused("PUT", f"/invoices/nothing/{action}", body)
        assert (refused["status"], refused["code"]) == (404, "invoice_not_found")
