import ast


class Doubler(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node) if isinstance(node.value, int) else node


def main():
    tree = ast.parse("total = 3 + 4 * x")
    names = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)})
    changed = ast.fix_missing_locations(Doubler().visit(tree))
    namespace = {"x": 5}
    exec(compile(changed, "<ast>", "exec"), namespace)
    return names, ast.unparse(changed), namespace["total"], ast.literal_eval("{'a': (1, [2])}")
