"""How other implementations are told what to do, as a configuration: `resquectl translate-env`.

sources: which variables a text sets, for which workers. variables: what each of them means. composition: all of it as
one configuration, or every mistake at once. text: that, as a file for people to read on.
Nothing here reads a file or an environment.
"""
