"""What a notebook shows: the Builder, runs, deployments; live in the page and static in a saved notebook."""
