def count_inversions(items):
    if len(items) <= 1:
        return items, 0
    middle = len(items) // 2
    left, a = count_inversions(items[:middle])
    right, b = count_inversions(items[middle:])
    merged, inversions, i, j = [], a + b, 0, 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            inversions += len(left) - i
            j += 1
    return merged + left[i:] + right[j:], inversions


def main():
    return count_inversions([5, 3, 8, 1, 9, 2, 7, 4, 6, 0])[1]
