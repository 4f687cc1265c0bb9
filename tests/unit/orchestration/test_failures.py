"""What a failed run says of dbt: the first failure, in one line."""

from __future__ import annotations

from pathlib import Path

from orchestration.lib.dbt import first_failure

DBT = """The dbt CLI process with command `dbt build` failed with exit code `1`.

Errors parsed from dbt logs:

  3 of 9 ERROR creating sql table model billing.b ... [\x1b[31mERROR\x1b[0m in 0.61s]

\x1b[31mFailure in model b (models/billing/b.sql)\x1b[0m

  Runtime Error in model b (models/billing/b.sql)
  Conversion Error: not a number
  
  LINE 6:     then try_cast(
                   ^

\x1b[31mFailure in test assert_c (tests/assert_c.sql)\x1b[0m

  Got 1 result, configured to fail if != 0
"""


def test_the_first_failure_of_dbt_is_told_with_its_reason_and_its_log() -> None:
    told = first_failure(DBT, Path("home/dbt/drafts"))
    assert told == "model b: Conversion Error: not a number, and 1 more; the whole is in home/dbt/drafts/dbt.log"


def test_what_dbt_itself_cannot_do_is_told_without_its_stack() -> None:
    said = "Errors parsed from dbt logs:\n\nEncountered an error:\nIO Error: no such\nplace\nTraceback (most recent call last):\n  x\n_duckdb.IOException: IO Error: no such"
    assert first_failure(said, Path("home/dbt/drafts")) == "IO Error: no such place; the whole is in home/dbt/drafts/dbt.log"


def test_any_other_message_is_told_as_it_is() -> None:
    assert first_failure("the disk is full", Path("x")) == "the disk is full"
