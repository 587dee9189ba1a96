import numpy as np


def main():
    a = np.array([1.0, np.nan, np.inf, -2.5])
    return {
        "int": np.int64(7),
        "float32": float(np.float32(0.5)),
        "bool": np.bool_(True),
        "array": a,
        "nanmean": np.nanmean(a[:2]),
        "finite": np.isfinite(a),
        "uint8": (np.array([250], dtype=np.uint8) + np.uint8(10)),
        "nested": [np.arange(3), {"m": np.eye(2)}],
    }
