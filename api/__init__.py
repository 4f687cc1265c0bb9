"""The HTTP edge: Lago's REST wire format over the catalog, the inbox, and what was published and issued."""
