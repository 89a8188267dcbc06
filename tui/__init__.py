"""tui shows: screens over `node.client` and the pure types of holdings; no SQL, no disk, no hub, no more of node."""
