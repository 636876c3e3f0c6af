"""State: the tables, a file per subject, and the scopes through which they are reached."""
