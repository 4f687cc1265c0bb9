"""One file per page; each can run alone: `streamlit run app/app_pages/invoices.py`."""
