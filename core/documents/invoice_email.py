"""The e-mail that brings an issued invoice: a template of the seller, and the PDF."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from core.documents import wording
from core.domain.email_templates import filled
from core.money.amount import Money

SUBJECT = "Invoice $number from $seller"
TEXT = """Hello,

here is invoice $number of $seller for $customer: $total, due on $due_date.
It is attached as a PDF.

$seller
"""


def invoice_email(invoice: Mapping[str, Any], terms: Mapping[str, Any], pdf: bytes) -> EmailMessage:
    """The message. `invoice` is `core.warehouse.marts.get_invoice` and `terms` a row of `fct_invoice_emails`.

    Its Message-ID is made of the invoice, so that one that comes twice is seen to be the same.
    """
    currency = invoice["currency"]
    values = {
        "number": invoice["number"],
        "customer": invoice["customer_name"] or invoice["customer_external_id"],
        "seller": invoice["billing_entity_name"],
        "total": f"{wording.price(Money(invoice['total_amount_cents'], currency).amount, currency)} {currency}",
        "due_date": wording.day(invoice["payment_due_date"]),
    }
    message = EmailMessage()
    message["From"] = terms["sender"]
    message["To"] = terms["recipient"]
    message["Subject"] = " ".join(filled(terms["subject_template"] or SUBJECT, values).split())
    message["Message-ID"] = f"<{invoice['invoice_id']}@{terms['sender'].rpartition('@')[2]}>"
    message.set_content(filled(terms["text_template"] or TEXT, values))
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{invoice['number']}.pdf")
    return message
