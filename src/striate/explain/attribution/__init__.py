"""Why this answer: what each part of the input did for one of the network's scores."""
