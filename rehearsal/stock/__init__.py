"""Any CDK Pipelines app in a folder of its own, as what is rehearsed.

- `working_tree.py` makes a commit of the folder, and a copy of that to synthesize in.
- `app.py` runs the app: its command, with its own tools.
- `needs.py` reads from the assembly what the pipeline needs: accounts, region, source.
- `behaviours.py` says what its delivery relies on AWS for.
- `project.py` puts them together; `place.py` says where its rehearsal writes.

Nothing is ever written into the folder.
"""
