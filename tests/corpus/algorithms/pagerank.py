def main():
    links = {"home": ["about", "blog"], "about": ["home"], "blog": ["home", "about", "post"], "post": ["blog"]}
    rank = {page: 1 / len(links) for page in links}
    for _ in range(50):
        new = {page: 0.15 / len(links) for page in links}
        for page, targets in links.items():
            for target in targets:
                new[target] += 0.85 * rank[page] / len(targets)
        rank = new
    return {page: round(value, 6) for page, value in rank.items()}
