import importlib
import pathlib


def main():
    pathlib.Path("geometry.py").write_text("def area(w, h):\n    return w * h\n\nUNIT = 'cm'\n")
    package = pathlib.Path("shop")
    package.mkdir()
    (package / "__init__.py").write_text("from .prices import total\n")
    (package / "prices.py").write_text("def total(*prices):\n    return sum(prices)\n")
    importlib.invalidate_caches()
    import geometry
    import shop

    return geometry.area(3, 4), geometry.UNIT, shop.total(1, 2, 3)
