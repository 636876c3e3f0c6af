"""The flows: what the portal, the workers and the command line do with the rows, and the handlers, in reading order."""
