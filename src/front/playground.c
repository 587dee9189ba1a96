#include "front/playground.h"

void playground_answer(const struct http_judgement *head, struct answer *ret_answer, struct answer_headers *headers) {
    const struct playground_form *form = head->takes_gzip ? &playground_packed : &playground_plain;
    headers->page = (struct page_headers){.etag = form->etag, .policy = playground_policy, .encoding = form->encoding};
    if (head->has_page) {
        headers->page.encoding = NULL; /* there is no content */
        *ret_answer = (struct answer){.status = 304};
        return;
    }
    *ret_answer = (struct answer){
        .status = 200, .type = "text/html; charset=utf-8", .fixed = form->bytes, .fixed_len = form->len};
}
