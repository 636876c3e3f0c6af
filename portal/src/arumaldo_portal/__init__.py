"""The customer's portal: pages that read rows, write messages, and show what happens."""
