"""Issued invoices go out by e-mail, beside the runs: a slow mail server holds no warehouse."""

import dagster as dg

from core.billing.sending import send_due
from core.warehouse.connection import ReadWarehouse
from orchestration.lib.resources import Installation


@dg.op(pool="mail")
def send_issued_invoices(context: dg.OpExecutionContext, watched: Installation) -> None:
    """Sends what is due; what a mail server refuses is recorded, and tried again the next time."""
    settings = watched.settings
    cursor = ReadWarehouse(settings, threads=1).cursor()
    report = send_due(cursor, settings, watched.clock)
    context.log.info(f"{len(report.sent)} sent")
    for number, error in report.failed:
        context.log.warning(f"{number} failed: {error}")
    for number, error in report.refused:
        context.log.warning(f"{number} was sent, but not to all: {error}")
    if report.stopped is not None:
        context.log.warning(f"the others wait: {report.stopped}")


@dg.job(name="sending", description="Sends the invoices that are to go out by e-mail.")
def sending_job() -> None:
    """One step."""
    send_issued_invoices()


@dg.schedule(job=sending_job, cron_schedule="*/10 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def sending_every_ten_minutes(
    context: dg.ScheduleEvaluationContext, watched: Installation
) -> dg.RunRequest | dg.SkipReason:
    """A sending, where a mail server is set and a run has published."""
    settings = watched.settings
    if not settings.smtp_url or not settings.published.is_file():
        return dg.SkipReason("there is no mail server, or nothing published")
    return dg.RunRequest()
