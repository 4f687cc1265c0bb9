"""Webhooks are delivered where no API does: what a run issued is told although nobody serves the API here.

The one place where orchestration reaches the API: the body of a webhook is the object as the API serves it.
"""

import dagster as dg

from api.deps import Services
from api.webhook_delivery import deliver
from core.catalog import webhook_endpoints
from core.catalog.engine import reading
from core.locks import Locked, holder
from orchestration.lib.resources import Installation


@dg.op(pool="webhooks")
def deliver_webhooks(context: dg.OpExecutionContext, watched: Installation) -> None:
    """Delivers what is due; what is not taken comes again the next time."""
    services = Services(watched.settings, watched.clock)
    try:
        delivered = deliver(services)
        context.log.info(f"{delivered.taken} taken, {delivered.failed} attempts failed")
    except Locked:
        context.log.info("another process delivers")
    finally:
        services.close()


@dg.job(name="webhooks", description="Delivers webhooks, unless an API does.")
def webhooks_job() -> None:
    """One step."""
    deliver_webhooks()


@dg.schedule(job=webhooks_job, cron_schedule="* * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def webhooks_every_minute(
    context: dg.ScheduleEvaluationContext, watched: Installation
) -> dg.RunRequest | dg.SkipReason:
    """A delivery, where somebody listens and no other process delivers."""
    engine = watched.catalog()
    with reading(engine) as connection:
        has_listeners = webhook_endpoints.page(connection, limit=1).total > 0
    engine.dispose()
    if not has_listeners:
        return dg.SkipReason("there is no webhook endpoint")
    by = holder(watched.settings, "webhooks")
    return dg.SkipReason(f"{by} delivers") if by else dg.RunRequest()
