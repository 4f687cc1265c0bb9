"""Documents made of rows of the books."""

from core.documents.credit_note_pdf import credit_note_pdf
from core.documents.invoice_pdf import InvoiceIsDraft, invoice_pdf

__all__ = ["InvoiceIsDraft", "credit_note_pdf", "invoice_pdf"]
