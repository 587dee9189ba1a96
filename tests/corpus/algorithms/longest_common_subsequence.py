from functools import lru_cache


def main():
    one, two = "AGGTABXYZTTA", "GXTXAYBZATA"

    @lru_cache(maxsize=None)
    def lcs(i, j):
        if i == len(one) or j == len(two):
            return ""
        if one[i] == two[j]:
            return one[i] + lcs(i + 1, j + 1)
        return max(lcs(i + 1, j), lcs(i, j + 1), key=len)

    return {"lcs": lcs(0, 0), "hits": lcs.cache_info().hits > 0}
