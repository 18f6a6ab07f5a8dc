"""The commands, a module each: `HELP`, `arguments(parser)` and `run(client, arguments)`.

`run` answers the exit code; its docstring's module is the command's reference. client: makes the
boto3 client of a service. A command about a pipeline takes `arguments.pipeline`, None for the only
one. Other command lines offer them too: they add the same arguments and call the same `run`.
"""
