"""The local backend: services and gateway as child processes on free loopback ports.

It imports nothing here: the supervisor, which starts with each deployment, needs few of these modules.
"""
