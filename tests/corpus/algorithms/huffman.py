import heapq
from collections import Counter


def main():
    text = "this is an example for huffman encoding"
    heap = [(count, i, {letter: ""}) for i, (letter, count) in enumerate(sorted(Counter(text).items()))]
    heapq.heapify(heap)
    tie = len(heap)
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        codes = {k: "0" + v for k, v in a[2].items()} | {k: "1" + v for k, v in b[2].items()}
        heapq.heappush(heap, (a[0] + b[0], tie, codes))
        tie += 1
    codes = heap[0][2]
    bits = "".join(codes[letter] for letter in text)
    back, word = "", ""
    inverse = {code: letter for letter, code in codes.items()}
    for bit in bits:
        word += bit
        if word in inverse:
            back, word = back + inverse[word], ""
    return {"bits": len(bits), "roundtrip": back == text}
