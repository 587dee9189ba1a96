#include "front/selftest/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS 4

static const enum finding all_findings[FINDINGS] = {FINDING_STOPPED, FINDING_GOT_THROUGH, FINDING_VISIBLE,
                                                    FINDING_NONE};

size_t report_count(const struct report *report, enum finding finding, const char *family) {
    size_t n = 0;
    for (size_t i = 0; i < report->n_rows; i++) {
        const struct finding_row *row = &report->rows[i];
        n += row->judgement.finding == finding && (!family || strcmp(row->family, family) == 0);
    }
    return n;
}

/* 1 when no row before this one is of its family: the families in the order of the rows. */
static int is_first_of_family(const struct report *report, size_t row) {
    for (size_t i = 0; i < row; i++) {
        if (strcmp(report->rows[i].family, report->rows[row].family) == 0) {
            return 0;
        }
    }
    return 1;
}

/* ---- text ---- */

void report_print_row(const struct finding_row *row, int name_width) {
    printf("%-*s  %-11s  %s\n", name_width, row->name, finding_name(row->judgement.finding), row->judgement.said);
}

static void print_layers(const struct front_status *status) {
    static const struct {
        enum layer_state state;
        const char *title;
    } parts[] = {{LAYER_IN_FORCE, "in force"}, {LAYER_MISSING, "missing"}};
    printf("\ntier: %s\n", status->tier);
    for (size_t part = 0; part < 2; part++) {
        for (uint32_t i = 0; i < status->n_layers; i++) {
            const struct layer_status *layer = &status->layers[i];
            if (layer->state == parts[part].state) {
                printf("  %-8s  %-16s  %s\n", parts[part].title, layer->name, layer->detail);
            }
        }
    }
}

void report_print_end(const struct report *report) {
    printf("\n%-16s  %8s  %8s  %11s  %8s  %10s\n", "family", "attacks", "stopped", "got through", "visible",
           "no verdict");
    for (size_t i = 0; i < report->n_rows; i++) {
        if (is_first_of_family(report, i)) {
            const char *family = report->rows[i].family;
            size_t n[FINDINGS];
            for (int k = 0; k < FINDINGS; k++) {
                n[k] = report_count(report, all_findings[k], family);
            }
            printf("%-16s  %8zu  %8zu  %11zu  %8zu  %10zu\n", family, n[0] + n[1] + n[2] + n[3], n[0], n[1], n[2],
                   n[3]);
        }
    }
    if (report->status) {
        print_layers(report->status);
    }
    printf("host: %s %s %s, user %u, %ld cores\n", report->host->system.sysname, report->host->system.release,
           report->host->system.machine, (unsigned)report->host->user, report->host->cores);

    const char *what;
    const json_t *n_left_out;
    json_object_foreach((json_t *)(uintptr_t)report->left_out, what, n_left_out) {
        printf("left out: %lld, %s\n", (long long)json_integer_value(n_left_out), what);
    }
    int failed = 0;
    for (size_t i = 0; i < report->n_rows; i++) {
        const struct finding_row *row = &report->rows[i];
        if (row->judgement.finding != FINDING_STOPPED) {
            printf("%s%s: %s: %s\n", failed++ ? "" : "\n", finding_name(row->judgement.finding), row->name,
                   row->judgement.said);
        }
    }
    printf("\n%zu techniques, %zu stopped, %zu visible, %zu got through, %zu without a verdict (%.0f s)\n",
           report->n_rows, report_count(report, FINDING_STOPPED, NULL), report_count(report, FINDING_VISIBLE, NULL),
           report_count(report, FINDING_GOT_THROUGH, NULL), report_count(report, FINDING_NONE, NULL), report->seconds);
}

/* ---- JSON ---- */

static json_t *counts(const struct report *report, const char *family) {
    size_t n[FINDINGS];
    for (int k = 0; k < FINDINGS; k++) {
        n[k] = report_count(report, all_findings[k], family);
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "techniques", (json_int_t)(n[0] + n[1] + n[2] + n[3]), "stopped",
                     (json_int_t)n[0], "got_through", (json_int_t)n[1], "visible", (json_int_t)n[2], "no_verdict",
                     (json_int_t)n[3]);
}

static json_t *layers(const struct front_status *status) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < status->n_layers; i++) {
        const struct layer_status *layer = &status->layers[i];
        json_t *one = json_pack("{s:s, s:s, s:s}", "layer", layer->name, "state",
                                layer->state == LAYER_IN_FORCE ? "in force" : "missing", "detail", layer->detail);
        (void)json_array_append_new(list, one);
    }
    return list;
}

int report_print_json(const struct report *report) {
    json_t *rows = json_array(), *families = json_object();
    for (size_t i = 0; i < report->n_rows; i++) {
        const struct finding_row *row = &report->rows[i];
        json_t *one = json_pack("{s:s, s:s, s:s, s:s}", "technique", row->name, "family", row->family, "stopped_by",
                                row->judgement.said, "verdict", finding_name(row->judgement.finding));
        if (json_array_append_new(rows, one) < 0) {
            break;
        }
        if (is_first_of_family(report, i)) {
            (void)json_object_set_new(families, row->family, counts(report, row->family));
        }
    }
    const struct host_facts *host = report->host;
    const struct front_status *status = report->status;
    json_t *root = NULL;
    if (json_array_size(rows) == report->n_rows) {
        root =
            json_pack("{s:s, s:{s:s, s:s, s:s, s:I, s:I}, s:s?, s:s?, s:o, s:o, s:o, s:o, s:O, s:f}", "version",
                      PYEXEC_VERSION, "host", "system", host->system.sysname, "release", host->system.release,
                      "machine", host->system.machine, "user", (json_int_t)host->user, "cores", (json_int_t)host->cores,
                      "tier", status ? status->tier : NULL, "python", status ? status->python_version : NULL, "layers",
                      status ? layers(status) : json_array(), "techniques", rows, "families", families, "summary",
                      counts(report, NULL), "left_out", report->left_out, "seconds", report->seconds);
    }
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    if (!text) {
        return -ENOMEM;
    }
    puts(text);
    free(text);
    return 0;
}
