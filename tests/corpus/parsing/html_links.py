from html import escape, unescape
from html.parser import HTMLParser


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.inside = [], None

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.inside = [dict(attrs).get("href"), ""]

    def handle_data(self, data):
        if self.inside:
            self.inside[1] += data

    def handle_endtag(self, tag):
        if tag == "a":
            self.links.append(tuple(self.inside))
            self.inside = None


def main():
    parser = Links()
    parser.feed('<p>See <a href="/one">One &lt;1&gt;</a> and <a class=x href=two.html>T<b>w</b>o</a></p>')
    return parser.links, escape("<a & 'b'>"), unescape("&eacute;&#8364;")
