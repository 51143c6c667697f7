"""One module a format; each reads text into a `Pipeline` or writes one."""
