"""Billing as it happens: what is due is settled by the SQL, checked, and issued into the books."""

from core.billing.customer import CustomerFacts, current_usage, draft_invoices
from core.billing.issue import IssueReport, issue_due, issue_now

__all__ = ["CustomerFacts", "IssueReport", "current_usage", "draft_invoices", "issue_due", "issue_now"]
