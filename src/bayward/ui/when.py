"""Times as people read them: local, short, exact on demand.

Pages show local time; the exact UTC instant stands in `<time datetime>`, and exports have
nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from bayward.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Instant, iso
from bayward.ui.i18n import Catalogue

_TENTHS_BELOW_MS = 10 * SECOND_MS  # "0.3 s ago" tells a live picture from a stale one


@dataclass(frozen=True, slots=True)
class When:
    """Writes instants in one language, one time zone, seen from `now`."""

    catalogue: Catalogue
    zone: tzinfo
    now: Instant

    def local(self, instant: Instant) -> datetime:
        """Wall-clock time where the reader is."""
        return datetime.fromtimestamp(instant / 1000, tz=self.zone)

    def iso(self, instant: Instant) -> str:
        """The exact instant, for `datetime` attributes."""
        return iso(instant)

    def time(self, instant: Instant) -> str:
        """18:42."""
        return self.local(instant).strftime("%H:%M")

    def time_s(self, instant: Instant) -> str:
        """18:42:07."""
        return self.local(instant).strftime("%H:%M:%S")

    def day(self, instant: Instant) -> str:
        """Fri 27 Nov; with the year when it is another one."""
        local, today = self.local(instant), self.local(self.now)
        return self.catalogue.text(
            "date.day" if local.year == today.year else "date.day_year",
            weekday=self.catalogue.items("date.weekdays")[local.weekday()],
            day=local.day,
            month=self.catalogue.items("date.months")[local.month - 1],
            year=local.year,
        )

    def day_time(self, instant: Instant) -> str:
        """Today 18:42, or Fri 27 Nov 18:42."""
        return f"{self.near_day(instant)} {self.time(instant)}"

    def near_day(self, instant: Instant) -> str:
        """Today, yesterday, tomorrow, or the day."""
        away = (self.local(instant).date() - self.local(self.now).date()).days
        names = {-1: "date.yesterday", 0: "date.today", 1: "date.tomorrow"}
        return self.catalogue.text(names[away]) if away in names else self.day(instant)

    def stamp(self, instant: Instant) -> str:
        """The shortest that is not ambiguous: the time today, else the day."""
        is_today = self.local(instant).date() == self.local(self.now).date()
        return self.time(instant) if is_today else self.near_day(instant)

    def elapsed(self, since: Instant) -> str:
        """How long: 0:41, 12:05, 3 h, 2 d."""
        ms = max(0, self.now - since)
        if ms >= DAY_MS:
            return self.catalogue.text("duration.days", n=ms // DAY_MS)
        if ms >= HOUR_MS:
            return self.catalogue.text("duration.hours", n=ms // HOUR_MS)
        return f"{ms // MINUTE_MS}:{ms % MINUTE_MS // SECOND_MS:02d}"

    def ago(self, instant: Instant) -> str:
        """How long ago, in the one unit that matters."""
        ms = max(0, self.now - instant)
        if ms < _TENTHS_BELOW_MS:
            amount = self.catalogue.text("duration.tenths", n=f"{ms / 1000:.1f}")
        elif ms < MINUTE_MS:
            amount = self.catalogue.text("duration.seconds", n=ms // SECOND_MS)
        elif ms < HOUR_MS:
            amount = self.catalogue.text("duration.minutes", n=ms // MINUTE_MS)
        else:
            return self.day_time(instant)
        return self.catalogue.text("duration.ago", amount=amount)

    def is_past(self, instant: Instant) -> bool:
        """Whether it is over."""
        return instant <= self.now
