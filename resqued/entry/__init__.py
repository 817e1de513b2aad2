"""Puts the parts together: `post` makes a worker of a process, `daemon` is master and workers."""
