import pandas as pd


def main():
    records = [
        {"id": 1, "user": {"name": "a", "geo": {"lat": 1.5}}, "tags": ["x", "y"]},
        {"id": 2, "user": {"name": "b", "geo": {"lat": 2.5}}, "tags": []},
    ]
    flat = pd.json_normalize(records, sep="_")
    tags = pd.DataFrame(records).explode("tags")[["id", "tags"]]
    return flat.columns.tolist(), flat.user_geo_lat.tolist(), tags.tags.fillna("-").tolist()
