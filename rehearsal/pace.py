"""How long a rehearsal waits where AWS waits for a minute and does nothing else.

Between two shifts of traffic a deployment waits for minutes, of each of its functions. A rehearsal
is about what happens and in which order: it waits for less, of every wait alike, and says so in its
table. What limits the work of a program is never shortened (`embedded_aws/clock.py`).
"""

from __future__ import annotations

MINUTE_SECONDS = 0.05
"""Of a canary of ten minutes half a second is left: enough for an alarm to go off, and nobody calls
meanwhile who was not told to. Functions change one after the other here, side by side at AWS."""
