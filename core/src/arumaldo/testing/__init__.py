"""What a plugin author inherits: the promises of each capability, as tests against the plugin and its sandbox."""
