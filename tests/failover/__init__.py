"""Fail-over on existing engines: Redis Sentinel, a PostgreSQL standby, a network that is cut without a word."""
