"""The documents' examples print what the documents say. After a change that is meant: scripts/update-docs-examples."""

import os

import pytest

from .support import pages

DOCS = os.path.join(pages.ROOT, "docs")
# Those of clients.md have a test of their own: test_clients_page.py.
PAGES = sorted(name for name in os.listdir(DOCS) if name.endswith(".md") and name != "clients.md")


def text_of(name):
    with open(os.path.join(DOCS, name), encoding="utf-8") as file:
        return file.read()


WITH_EXAMPLES = [name for name in PAGES if pages.examples(text_of(name))]


@pytest.mark.parametrize("name", PAGES)
def test_every_marked_block_is_understood(name):
    assert text_of(name).count("<!-- run:") == len(pages.examples(text_of(name)))


def test_the_pages_that_promise_it_have_examples():
    assert {"quickstart.md", "guide.md"} <= set(WITH_EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_print_what_the_page_says(service, tmp_path, name):
    """In the page's order, in one directory: later ones use the files of earlier ones."""
    for example in pages.examples(text_of(name)):
        status, printed, err = pages.run(example, service.url, tmp_path)
        assert (status, err) == (0, ""), example.text
        assert printed == example.prints, example.text
