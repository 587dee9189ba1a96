import calendar


def main():
    print(calendar.month(2026, 2))
    fridays = [
        (year, month)
        for year in range(2024, 2028)
        for month in range(1, 13)
        if calendar.weekday(year, month, 13) == calendar.FRIDAY
    ]
    return fridays, calendar.leapdays(1900, 2000)
