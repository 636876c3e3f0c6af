"""A folder per feature: the functions, their templates beside them, their routes at the end."""
