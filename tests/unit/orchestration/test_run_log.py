"""What Dagster says during a run in this process goes to the run's file, and not before the output of the command."""

from __future__ import annotations

import io
import logging

from orchestration.run import _logged


def test_dagster_is_heard_in_the_log_alone() -> None:
    heard, log = io.StringIO(), io.StringIO()
    root, dagster = logging.StreamHandler(heard), logging.getLogger("dagster.builtin")
    level = dagster.level
    logging.root.addHandler(root)
    dagster.setLevel(logging.INFO)
    try:
        with _logged(log):
            dagster.info("running dbt")
        assert (heard.getvalue(), log.getvalue()) == ("", "running dbt\n")
        dagster.info("after the run")
        assert heard.getvalue() == "after the run\n"
        assert log.getvalue() == "running dbt\n"
    finally:
        logging.root.removeHandler(root)
        dagster.setLevel(level)
