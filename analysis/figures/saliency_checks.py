"""The checks of saliency maps: deletion, insertion, randomisation, completeness."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.attribution import METHODS
from analysis.perturbation import CENTRE, RANDOM, area_text
from analysis.randomisation import count_text, mean_known
from analysis.saliency_checks import SaliencyChecks

# Name: colour, line style, marker; told apart in grey by style and marker.
STYLES = {
    "gradient": ("#440154", "-", "o"),
    "smoothgrad": ("#31688e", "--", "s"),
    "integrated": ("#1f9e89", "-.", "^"),
    "gradcam": ("#a99500", "-", "D"),
    CENTRE: ("0.3", (0, (5, 1, 1, 1)), ""),
    RANDOM: ("0.55", ":", ""),
}


def draw_checks(checks: SaliencyChecks, title: str) -> Figure:
    """Draw deletion, insertion, rank correlations under randomisation, and completeness where measured."""
    panels = 3 if checks.completeness is None else 4
    figure = Figure(figsize=(4.4 * panels, 5.6), layout="constrained")
    figure.suptitle(title, fontsize=11)
    axes = figure.subplots(1, panels)
    empty = {name: f", {count} empty" for name, count in checks.empty.items() if count}
    _draw_curves(
        axes[0],
        checks.deletion,
        empty,
        "deletion: good maps fall early",
        "pixels deleted, most salient first",
    )
    _draw_curves(
        axes[1],
        checks.insertion,
        empty,
        "insertion: good maps rise early",
        "pixels inserted, most salient first",
    )
    _draw_randomisation(axes[2], checks.randomisation)
    if checks.completeness is not None:
        _draw_completeness(axes[3], checks.completeness, checks.completeness_error)
    return figure


def _draw_curves(
    ax: Axes, curves_of: dict[str, np.ndarray], empty: dict[str, str], title: str, label: str
) -> None:
    for name, curves in curves_of.items():
        colour, style, marker = STYLES[name]
        mean = curves.mean(axis=0)
        ax.plot(
            np.linspace(0, 1, len(mean)),
            mean,
            color=colour,
            linestyle=style,
            marker=marker,
            markersize=4,
            markevery=3,
            label=f"{METHODS.get(name, name)}: area {area_text(curves)}" + empty.get(name, ""),
        )
    ax.set(title=title, xlabel=label, ylabel="mean probability of the explained class", ylim=(0, 1.02))
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    # Below the panel: inside, it would cover curves.
    ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16))


def _draw_randomisation(ax: Axes, randomisation: dict[str, dict[str, np.ndarray]]) -> None:
    count = 0
    for method, correlations in randomisation.items():
        colour, style, marker = STYLES[method]
        count = len(next(iter(correlations.values())))
        means = [1.0, *(mean_known(values) for values in correlations.values())]
        if np.isnan(means[1:]).all():  # its 1.0 alone would look like the worst result
            continue
        label = METHODS[method] + count_text(correlations)
        ax.plot(means, color=colour, linestyle=style, marker=marker, markersize=4, label=label)
        ax.set_xticks(range(len(means)), ["none", *correlations], rotation=60, ha="right", fontsize=8)
    ax.axhline(0, color="0.6", linewidth=0.8)
    ax.set(
        title=f"randomisation, {count} faces: good maps change",
        xlabel="layers shuffled, from the logits down to",
        ylabel="mean rank correlation with the true map\n(without empty maps)",
        ylim=(-0.4, 1.04),
    )
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=8)


def _draw_completeness(ax: Axes, completeness: np.ndarray, error: float) -> None:
    sums, differences = completeness
    ends = (completeness.min(), completeness.max())
    ax.plot(ends, ends, color="0.6", linewidth=0.8)
    ax.plot(differences, sums, "^", color=STYLES["integrated"][0], markersize=5)
    ax.set(
        title=f"completeness, {len(sums)} faces: relative error {error:.1e}",
        xlabel="logit(face) - logit(grey baseline)",
        ylabel="sum of the integrated gradients",
    )
