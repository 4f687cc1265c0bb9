"""Documents made of rows of the books."""

from core.documents.invoice_pdf import InvoiceIsDraft, invoice_pdf

__all__ = ["InvoiceIsDraft", "invoice_pdf"]
