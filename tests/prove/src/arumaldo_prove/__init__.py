"""Proves the promise: onboards customers while everything around them breaks, then counts at the vendors."""
