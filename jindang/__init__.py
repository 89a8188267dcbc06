"""jindang is the door: the command line, the demo and its sample scans; it imports no room by name, only on demand."""
