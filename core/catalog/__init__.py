"""The operational catalog: who is billed, for what, on which terms, and every command; all of it with full history."""
