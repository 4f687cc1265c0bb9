"""Usage events in, Parquet in the landing zone out: exactly once, whatever crashes in between."""
