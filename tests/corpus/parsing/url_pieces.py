from urllib.parse import parse_qs, quote, unquote, urlencode, urljoin, urlsplit


def main():
    parts = urlsplit("https://user:pw@example.com:8443/a/b;p?q=1&q=2&empty=#frag")
    return {
        "host": parts.hostname,
        "port": parts.port,
        "query": parse_qs(parts.query, keep_blank_values=True),
        "join": [urljoin("http://example.com/a/b/c", u) for u in ("../d", "/e", "?f", "//g/h")],
        "quoted": quote("a b/ü?"),
        "unquoted": unquote("%E2%82%AC"),
        "encoded": urlencode({"k": ["v 1", "v&2"]}, doseq=True),
    }
