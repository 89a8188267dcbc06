"""holdings (馆藏) gives the bytes meaning: reference codes, records, sheets, the gate, quarantine, catalogue.

May import sync, crypto.digest, crypto.cbor and libraries; never node, hub, tui, asyncio, a network or a screen.
"""
