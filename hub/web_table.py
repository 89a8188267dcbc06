"""The table of all routes of the people's door: one place to see who may reach what; the authorisation test is made from it."""

from __future__ import annotations

from typing import Final

from hub import (
    web_accounts,
    web_alarm,
    web_journal,
    web_monitor,
    web_opening,
    web_proposal,
    web_reception,
    web_reception_papers,
    web_reception_record,
    web_record,
    web_request,
    web_search,
    web_sign_in,
    web_signed_scans,
    web_statistics,
    web_token,
    web_topic,
)
from hub.web_route import Route

ROUTES: Final[tuple[Route, ...]] = (
    *web_sign_in.ROUTES,
    *web_search.ROUTES,
    *web_topic.ROUTES,
    *web_token.ROUTES,
    *web_record.ROUTES,
    *web_proposal.ROUTES,
    *web_opening.ROUTES,
    *web_request.ROUTES,
    *web_accounts.ROUTES,
    *web_journal.ROUTES,
    *web_monitor.ROUTES,
    *web_reception_papers.ROUTES,
    *web_signed_scans.ROUTES,
    *web_reception.ROUTES,
    *web_reception_record.ROUTES,
    *web_alarm.ROUTES,
    *web_statistics.ROUTES,
)
