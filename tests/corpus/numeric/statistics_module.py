import statistics as st


def main():
    data = [2.5, 3.25, 5.5, 11.5, 11.5, 14.0, 9.75]
    line = st.linear_regression(range(7), data)
    return {
        "mean": st.mean(data),
        "median": st.median(data),
        "mode": st.mode(data),
        "stdev": round(st.stdev(data), 9),
        "quantiles": st.quantiles(data, n=4),
        "slope": round(line.slope, 9),
        "normal": round(st.NormalDist(10, 2).cdf(12), 9),
        "harmonic": round(st.harmonic_mean(data), 9),
    }
