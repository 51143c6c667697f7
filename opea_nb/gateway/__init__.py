"""The mega service: runs a pipeline for each request. ``python -m opea_nb.gateway`` serves one.

front ─▶ runner ──build──▶ service ──read──▶ facets ──build──▶ service … ─▶ answer
            └─ events ─▶ runs ─▶ whoever follows
"""
