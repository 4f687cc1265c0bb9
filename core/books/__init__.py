"""The books: what was issued, frozen."""
