"""The container image of this package: its Dockerfile, as data."""
