"""sync keeps two copies equal: entries, deltas, packs, receipts and the stores that hold them.

May import crypto and libraries; never holdings, node, hub, tui, asyncio or aiohttp, and knows no archival word.
"""
