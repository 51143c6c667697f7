"""Names of container images."""

from __future__ import annotations

import re


def bare(image: str) -> str:
    """The image's name without registry, tag and digest, in lower case.

    Variables of a Compose file are resolved to their defaults, or left out.

    >>> bare("${REGISTRY:-opea}/vllm:${TAG:-latest}"), bare("quay.io:443/coreos/etcd:v3.5.5@sha256:00")
    ('opea/vllm', 'coreos/etcd')
    >>> bare("redis/redis-stack:7.2.0-v9"), bare("mongo")
    ('redis/redis-stack', 'mongo')
    """
    plain = re.sub(r"\$\{\w+(?::?-([^{}]*))?\}|\$\w+", lambda m: m.group(1) or "", image).lower()
    path = [part for part in plain.split("@")[0].split("/") if part]
    if len(path) > 1 and re.search(r"[.:]", path[0]):
        del path[0]
    if path:
        path[-1] = path[-1].split(":")[0]
    return "/".join(path)
