"""The screens of the console in the order of their keys."""

from __future__ import annotations

from typing import Final

from tui.page import Page
from tui.page_counter import CounterPage
from tui.page_deliveries import DeliveriesPage
from tui.page_findings import FindingsPage
from tui.page_holdings import HoldingsPage
from tui.page_line import LinePage
from tui.page_machine import MachinePage
from tui.page_today import TodayPage

PAGES: Final[tuple[type[Page], ...]] = (TodayPage, DeliveriesPage, FindingsPage, HoldingsPage, LinePage, CounterPage, MachinePage)
