"""The whole platform on one machine: embedded servers, supervised processes, and customers who walk through it."""
