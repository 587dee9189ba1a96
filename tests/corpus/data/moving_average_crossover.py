import numpy as np
import pandas as pd


def main():
    price = pd.Series(100 + 10 * np.sin(np.arange(120) / 9) + np.arange(120) * 0.1)
    fast, slow = price.rolling(5).mean(), price.rolling(20).mean()
    position = (fast > slow).astype(int)
    trades = position.diff().fillna(0)
    gains = price.pct_change().fillna(0) * position.shift(1).fillna(0)
    return int((trades == 1).sum()), round(float((1 + gains).prod()), 6), round(float(price.max()), 4)
