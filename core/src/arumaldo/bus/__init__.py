"""The bus. The database is the book, Redis is the bell; only `broker` and `worker` know Dramatiq."""
