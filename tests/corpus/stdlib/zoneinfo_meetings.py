from datetime import datetime
from zoneinfo import ZoneInfo


def main():
    meeting = datetime(2026, 3, 29, 9, 0, tzinfo=ZoneInfo("America/New_York"))
    places = ["Europe/Berlin", "Asia/Tokyo", "Australia/Sydney", "UTC", "Asia/Kathmandu"]
    return {place: meeting.astimezone(ZoneInfo(place)).strftime("%Y-%m-%d %H:%M %Z") for place in places}
