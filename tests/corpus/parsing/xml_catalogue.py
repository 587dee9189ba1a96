import xml.etree.ElementTree as ET

XML = """<catalog xmlns:x="urn:x"><book id="1" x:lang="en"><title>A &amp; B</title><price>5.50</price></book>
<book id="2"><title>Ç</title><price>7</price><tag>new</tag><tag>top</tag></book></catalog>"""


def main():
    root = ET.fromstring(XML)
    books = [{"id": b.get("id"), "title": b.findtext("title"), "tags": [t.text for t in b.findall("tag")]} for b in root]
    new = ET.SubElement(root, "book", id="3")
    ET.SubElement(new, "title").text = "<raw>"
    return books, sum(float(p.text) for p in root.iter("price")), ET.tostring(new, encoding="unicode"), root[0].attrib
