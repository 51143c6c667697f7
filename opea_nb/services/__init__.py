"""The embedded microservices: small, real, and speaking OPEA's contracts. Each runs as ``python -m``."""
