import matplotlib.pyplot as plt


def main():
    figure, axes = plt.subplots()
    (line,) = axes.plot([1, 2, 3], [4, 1, 9], "o--", label="data")
    axes.set(title="Title", xlabel="x", ylabel="y", xlim=(0, 4))
    legend = axes.legend()
    plt.close(figure)
    return axes.get_title(), axes.get_xlim(), [t.get_text() for t in legend.get_texts()], line.get_linestyle()
