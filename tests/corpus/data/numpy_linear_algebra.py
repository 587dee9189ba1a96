import numpy as np


def main():
    a = np.array([[4.0, 1.0], [2.0, 3.0]])
    values, vectors = np.linalg.eig(a)
    x = np.linalg.solve(a, [1.0, 2.0])
    u, s, vt = np.linalg.svd(a)
    return {
        "eigen": sorted(values.round(8).tolist()),
        "solve": x.round(10).tolist(),
        "det": round(float(np.linalg.det(a)), 8),
        "rebuild": bool(np.allclose(u @ np.diag(s) @ vt, a)),
        "norm": round(float(np.linalg.norm(a)), 8),
        "rank": int(np.linalg.matrix_rank(np.outer([1, 2], [3, 4]))),
    }
