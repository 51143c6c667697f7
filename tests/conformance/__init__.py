"""The conformance suite: every file in, out, and back; and the fuzz run of every reader."""
