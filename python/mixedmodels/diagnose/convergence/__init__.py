"""Whether the optimum was found, and what to do where it is singular."""
