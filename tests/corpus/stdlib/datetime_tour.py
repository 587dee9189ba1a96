from datetime import date, datetime, time, timedelta, timezone


def main():
    start = datetime(2024, 2, 28, 22, 30, tzinfo=timezone.utc)
    later = start + timedelta(days=2, hours=3)
    return {
        "start": start,
        "later": later,
        "difference": later - start,
        "iso_week": date(2026, 1, 1).isocalendar().week,
        "weekday": date(2026, 11, 25).strftime("%A %d %B"),
        "time": time(7, 5, 9, 1000),
        "parsed": datetime.strptime("05.01.2026 07:30", "%d.%m.%Y %H:%M"),
        "leap": (date(2024, 3, 1) - date(2024, 2, 1)).days,
        "zone": start.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(),
    }
