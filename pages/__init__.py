"""One small kit for every HTML page that is written here.

- `markup.py`: elements whose text is escaped unless it is markup already.
- `page.py`: the whole document: one file, no script, nothing from elsewhere.
- `parts.py`: what stands on pages: facts, sections, tables, verdicts.
- `chart.py`: bars as SVG.
- `files.py`: files that are whole or not there.
"""
