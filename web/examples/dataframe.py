import pandas as pd


def main():
    planets = pd.DataFrame(
        {
            "planet": ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"],
            "radius_km": [2440, 6052, 6371, 3390, 69911, 58232, 25362, 24622],
            "moons": [0, 0, 1, 2, 95, 146, 28, 16],
            "year_days": [88.0, 224.7, 365.2, 687.0, 4331.0, 10747.0, 30589.0, 59800.0],
        }
    )
    planets["earths"] = (planets["radius_km"] / 6371).round(2)
    return planets
