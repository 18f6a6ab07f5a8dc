"""The connection to a git provider: what plays its webhook, and the permission to use it.

One connection is played in a server's root: `played` says which, `repository` reads the bare
repository that stands behind it, `hook` is that repository's hook, `api` the service it calls, and
`pushes` hands on what was pushed.
"""
