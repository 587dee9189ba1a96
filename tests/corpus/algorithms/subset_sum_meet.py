from itertools import combinations


def sums(items):
    return {sum(chosen): chosen for n in range(len(items) + 1) for chosen in combinations(items, n)}


def main():
    numbers = [3, 34, 4, 12, 5, 2, 88, 61, 17, 23, 41, 9]
    left, right = sums(numbers[:6]), sums(numbers[6:])
    target = 150
    answers = sorted(left[s] + right[target - s] for s in left if target - s in right)
    return answers[0], sum(answers[0])
