"""matplotlib's figures as a notebook has them: what is shown is handed back and closed, and so is what is left open."""

import io
import sys

from pyexec_guest import native

PYPLOT = "matplotlib.pyplot"
HELPERS = "matplotlib._pylab_helpers"


class _PyplotFinder:
    """In a guest without matplotlib: lets pyplot be found as ever, and takes its show() once it is imported."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != PYPLOT:
            return None
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not cls]
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                execute = spec.loader.exec_module

                def exec_module(module):
                    execute(module)
                    _take_show(module)

                spec.loader.exec_module = exec_module
                return spec
        return None


def _take_show(pyplot):
    original = pyplot.show

    def show(*args, **kwargs):
        hand_back()

    show.__doc__ = original.__doc__
    show.__module__ = PYPLOT
    show.__qualname__ = "show"
    pyplot.show = show


def install():
    """Once in a guest, after its imports."""
    pyplot = sys.modules.get(PYPLOT)
    if pyplot is not None:
        _take_show(pyplot)
    else:
        sys.meta_path.insert(0, _PyplotFinder)


def are_open():
    helpers = sys.modules.get(HELPERS)
    return helpers is not None and bool(helpers.Gcf.figs)


def hand_back():
    """Draws and closes every figure that pyplot holds. A fork of the sandbox has nothing to hand back, and closes."""
    helpers = sys.modules.get(HELPERS)
    managers = list(helpers.Gcf.figs.values()) if helpers is not None else ()
    for manager in managers:
        try:
            if native.is_owner():
                _draw(manager.canvas.figure)
        finally:
            helpers.Gcf.destroy(manager)


def _draw(figure):
    if len(figure.get_children()) < 2:  # nothing but its background
        return
    file = io.BytesIO()
    try:
        figure.savefig(file, format="png", bbox_inches="tight")
    except Exception as error:
        native.add_figure(None)
        sys.stderr.write(f"A figure could not be drawn: {type(error).__name__}: {error}\n")
    else:
        native.add_figure(file.getvalue())
