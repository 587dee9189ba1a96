from multiprocessing import Pool


def cube(n):
    return n**3


def main():
    with Pool(2) as pool:
        return pool.map(cube, range(12)), pool.starmap(pow, [(2, 3), (3, 2)]), pool.apply(cube, (5,))
