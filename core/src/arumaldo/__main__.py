"""`python -m arumaldo`."""

from arumaldo.cli import main

main()
