"""What the approver reads: what a release would do to what runs now, in words, worst first.

- `release.py`: which release it is.
- `preview.py`: real change sets of every stack behind the approval, nested stacks included.
- `changes.py`: the changes in them, in words.
- `judges/`: what speaks against letting it through, a file a question.
- `commits.py`: what happened in the repository since the version that runs.
- `report.py`: all of it together; `page.py` shows it, `twin.py` has it for programs.
"""
