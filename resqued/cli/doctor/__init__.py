"""What may be wrong with resqued, its Redis and its machine: facts are gathered first, then looked at.

findings: what is said. facts: what is known. gathering and the modules that it names: how it comes to be known.
about_*: the checks, each a function from the facts to what it finds; they ask nobody. diagnosis: all of them.
"""
