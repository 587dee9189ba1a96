#include "client/pages.h"

#include <stdio.h>
#include <string.h>

#include "client/answer.h"
#include "client/show.h"
#include "front/json_text.h"

#define PAGE_MAX_BYTES (8u << 20)
#define PAGE_MAX_DEPTH 32u
#define NAME_WIDTH 28u

struct page {
    const struct options *options;
    struct session *session;
    struct transfer transfer;
    struct byte_buffer text, shown;
    int failed; /* out of memory while `shown` was written */
};

static int on_body(void *context, const char *bytes, size_t len, struct failure *failure) {
    struct page *page = context;
    if (page->text.len + len > PAGE_MAX_BYTES) {
        return fail(failure, EXIT_STATUS_GARBAGE, "the page has no end");
    }
    return byte_buffer_append(&page->text, bytes, len) < 0 ? fail(failure, EXIT_STATUS_FAILED, "out of memory") : 0;
}

static int attempt(void *context, struct failure *failure, enum session_verdict *ret_verdict) {
    struct page *page = context;
    page->text.len = 0;
    int failed = transfer_perform(&page->transfer, failure);
    const long status = page->transfer.status;
    /* A service that is not healthy is not busy: that is what was asked. Only one of our own is waited for. */
    const int is_busy =
        status == 429 || (status == 503 && (page->options->command != COMMAND_HEALTH || page->session->local.pid > 0));
    *ret_verdict = failed    ? failure->status == EXIT_STATUS_UNREACHABLE ? SESSION_LOST : SESSION_DONE
                   : is_busy ? SESSION_BUSY
                             : SESSION_DONE;
    return failed;
}

/* ---- as a table ---- */

static void put(struct page *page, const char *text) {
    page->failed |= byte_buffer_append_text(&page->shown, text) < 0;
}

/* What a value says: a string as it is, anything else as JSON. */
static void put_value(struct page *page, const struct json_span *value) {
    if (value->text && value->kind == JSON_TEXT_STRING) {
        page->failed |= json_text_append(&page->shown, value, NULL) < 0;
    } else if (value->text) {
        page->failed |= byte_buffer_append(&page->shown, value->text, value->len) < 0;
    }
}

static void pad(struct page *page, size_t since, size_t width) {
    put(page, " ");
    while (!page->failed && page->shown.len - since < width) {
        put(page, " ");
    }
}

static struct json_span member(const struct json_span *object, const char *wanted) {
    struct json_span name, value, found = {0};
    struct json_walk walk;
    if (!object->text || object->kind != JSON_TEXT_OBJECT) {
        return found;
    }
    json_walk_start(&walk, object);
    while (json_walk_member(&walk, &name, &value)) {
        if (json_text_equals(&name, wanted)) {
            found = value;
        }
    }
    return found;
}

/* Calls put_row with each element of an array or value of an object. */
static void for_each(struct page *page, const struct json_span *all,
                     void (*put_row)(struct page *page, const struct json_span *name, const struct json_span *value)) {
    struct json_walk walk;
    struct json_span name = {0}, value;
    if (!all->text || (all->kind != JSON_TEXT_ARRAY && all->kind != JSON_TEXT_OBJECT)) {
        return;
    }
    json_walk_start(&walk, all);
    while (all->kind == JSON_TEXT_ARRAY ? json_walk_element(&walk, &value) : json_walk_member(&walk, &name, &value)) {
        put_row(page, &name, &value);
    }
}

static void put_module(struct page *page, const struct json_span *name, const struct json_span *value) {
    (void)name;
    put(page, " ");
    put_value(page, value);
}

static void put_package(struct page *page, const struct json_span *no_name, const struct json_span *package) {
    const size_t start = page->shown.len;
    const struct json_span name = member(package, "name"), version = member(package, "version");
    const struct json_span modules = member(package, "modules"), preloaded = member(package, "preloaded");
    (void)no_name;
    put_value(page, &name);
    pad(page, start, NAME_WIDTH);
    put_value(page, &version);
    pad(page, start, NAME_WIDTH + 16);
    put(page, "import");
    for_each(page, &modules, put_module);
    put(page, preloaded.text && preloaded.text[0] == 't' ? "  (preloaded)\n" : "\n");
}

static void put_limit(struct page *page, const struct json_span *name, const struct json_span *limit) {
    const size_t start = page->shown.len;
    const struct json_span value = member(limit, "value"), unit = member(limit, "unit"),
                           what = member(limit, "description");
    put_value(page, name);
    pad(page, start, NAME_WIDTH);
    put_value(page, &value);
    if (!json_text_equals(&unit, "number")) {
        put(page, " ");
        put_value(page, &unit);
    }
    pad(page, start, NAME_WIDTH + 20);
    put_value(page, &what);
    put(page, "\n");
}

static void put_layer(struct page *page, const struct json_span *name, const struct json_span *layer) {
    const size_t start = page->shown.len;
    const struct json_span called = member(layer, "name"), detail = member(layer, "detail"),
                           reason = member(layer, "reason");
    (void)name;
    put(page, "  ");
    put_value(page, &called);
    pad(page, start, NAME_WIDTH);
    put_value(page, reason.text ? &reason : &detail);
    put(page, "\n");
}

static void put_health(struct page *page, const struct json_span *health) {
    const struct json_span status = member(health, "status"), version = member(health, "version");
    const struct json_span isolation = member(health, "isolation"), tier = member(&isolation, "tier");
    const struct json_span layers = member(&isolation, "layers"), python = member(health, "python");
    const struct json_span in_force = member(&layers, "in_force"), missing = member(&layers, "missing");
    put_value(page, &status);
    put(page, ", pyexecd ");
    put_value(page, &version);
    if (python.text) {
        put(page, ", Python ");
        put_value(page, &python);
    }
    put(page, "\n");
    if (tier.text) {
        put(page, "isolation: ");
        put_value(page, &tier);
        put(page, "\nlayers in force:\n");
        for_each(page, &in_force, put_layer);
        put(page, "layers missing:\n");
        for_each(page, &missing, put_layer);
    }
}

static void put_page(struct page *page, const struct json_span *whole) {
    const struct json_span packages = member(whole, "packages"), limits = member(whole, "limits"),
                           key = member(whole, "key");
    if (page->options->json) {
        page->failed |= byte_buffer_append(&page->shown, whole->text, whole->len) < 0;
        put(page, "\n");
    } else if (page->options->command == COMMAND_PACKAGES) {
        for_each(page, &packages, put_package);
    } else if (page->options->command == COMMAND_LIMITS) {
        for_each(page, &limits, put_limit);
        put(page, key.len > strlen("{}") ? "of this key:\n" : "");
        for_each(page, &key, put_limit);
    } else {
        put_health(page, whole);
    }
}

static int show_page(struct page *page, struct failure *failure) {
    struct json_span whole;
    struct json_fault fault;
    struct answer problem;
    const char *why;
    const char *text = page->text.len > 0 ? page->text.bytes : "";
    const int is_health = page->options->command == COMMAND_HEALTH;
    if (!page->transfer.is_json || json_text_check(text, page->text.len, PAGE_MAX_DEPTH, &whole, &fault) < 0 ||
        whole.kind != JSON_TEXT_OBJECT) {
        return fail(failure, EXIT_STATUS_GARBAGE, "what answers with status %ld does not speak as docs/api.md says",
                    page->transfer.status);
    }
    const struct json_span status = member(&whole, "status");
    if (page->transfer.status != 200 && !(is_health && page->transfer.status == 503 && status.text)) {
        if (answer_read(text, page->text.len, &problem, &why) < 0) {
            return fail(failure, EXIT_STATUS_GARBAGE, "status %ld, and not as docs/api.md says: %s",
                        page->transfer.status, why);
        }
        show_line(&page->session->screen, "", &problem.message);
        return answer_exit_status(&problem, page->transfer.status);
    }
    put_page(page, &whole);
    if (page->failed) {
        return fail(failure, EXIT_STATUS_FAILED, "out of memory");
    }
    int error = screen_write(&page->session->screen, &page->session->screen.out, page->shown.bytes, page->shown.len);
    if (show_failed(page->session, error, failure) < 0) {
        return -1;
    }
    return page->transfer.status == 200 ? 0 : 1;
}

int pages_command(const struct options *options, struct session *session) {
    static const char *const paths[] = {
        [COMMAND_PACKAGES] = "/v1/packages", [COMMAND_LIMITS] = "/v1/limits", [COMMAND_HEALTH] = "/health"};
    struct page page = {.options = options, .session = session};
    struct failure failure = {0};
    int status = session_start(session, &failure);
    if (status == 0) {
        page.transfer = session_request(session, paths[options->command], NULL);
        page.transfer.deadline_s = options->patience_s;
        page.transfer.on_body = on_body;
        page.transfer.context = &page;
        status = session_persist(session, &page.transfer, 1, attempt, &page, &failure);
        status = status < 0 || session->signals.seen ? -1 : show_page(&page, &failure);
    }
    byte_buffer_free(&page.text);
    byte_buffer_free(&page.shown);
    return show_end(session, status, &failure);
}
