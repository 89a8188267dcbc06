"""node acts in the district: watch, intake, sealing, uplink, schedule, local API and the typed client of it.

May import holdings, sync, crypto and libraries; never hub, tui or textual.
"""
