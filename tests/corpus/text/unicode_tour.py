import unicodedata


def main():
    cafe = "cafe\u0301"
    return {
        "lengths": [len(s) for s in (cafe, unicodedata.normalize("NFC", cafe), "👩‍👩‍👧", "ß")],
        "names": [unicodedata.name(c) for c in "ä€漢😀"],
        "casefold": "STRASSE".casefold() == "straße".casefold(),
        "bidi": unicodedata.bidirectional("ש"),
        "digits": int("٣٤"),
        "plain": "".join(c for c in unicodedata.normalize("NFD", "Žluťoučký kůň") if not unicodedata.combining(c)),
        "utf8": "😀".encode().hex(" "),
        "upper": "ǆ ŉ ﬁ".upper(),
    }
