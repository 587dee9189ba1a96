import matplotlib.pyplot as plt
import pandas as pd


def main():
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [3, 1, 2]}).set_index("x")
    axes = frame.plot(kind="area", stacked=False, title="area")
    ticks = [len(a.lines) for a in [axes]]
    plt.close("all")
    pie = frame.y.plot.pie()
    labels = [t.get_text() for t in pie.texts]
    plt.close("all")
    return axes.get_title(), ticks, labels
