"""How long a rehearsal waits where AWS waits for a minute and does nothing else.

Between two shifts of traffic a deployment waits for minutes, of each of its functions. A rehearsal
is about what happens and in which order: it waits for less, of every wait alike, and says so in its
table. What limits the work of a program is never shortened (`embedded_aws/clock.py`).
"""

from __future__ import annotations

MINUTE_SECONDS = 0.2
"""Of a canary of ten minutes two seconds are left, in which calls can be made and an alarm can go
off. Functions change one after the other here, side by side at AWS."""
