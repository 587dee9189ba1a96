from datetime import date, timedelta

import matplotlib.dates as mdates
import matplotlib.pyplot as plt


def main():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(10)]
    with plt.style.context("ggplot"):
        figure, axes = plt.subplots()
        axes.step(days, range(10))
        axes.fill_between(days, 0, range(10), alpha=0.3)
        axes.xaxis.set_major_formatter(mdates.DateFormatter("%d.%m."))
        figure.canvas.draw()
        labels = [t.get_text() for t in axes.get_xticklabels()]
    plt.close(figure)
    return labels[0], mdates.num2date(axes.get_xlim()[0]).year
