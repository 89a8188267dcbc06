"""hub acts for the city: it takes entries and objects in, receipts what it durably holds, opens and checks it in the vault, and gives it out again.

May import holdings, sync, crypto, aiohttp and uvloop; never node, textual or watchdog.
"""
