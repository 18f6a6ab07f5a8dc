"""The source that pipelines follow: a bare repository, and what plays AWS's side of it.

One source is played in a server's root, a connection to a git provider, a CodeCommit repository or
an object in S3: `played` says which, `repository` reads the bare repository that stands behind it,
`hook` is that repository's hook, `api` the service it calls. `landing` does what a push does at the
source, `codecommit` answers as CodeCommit, and `pushes` hands on what was pushed.
"""
