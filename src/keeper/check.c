#include "keeper/keeper.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "jail/layers.h"
#include "keeper/state.h"
#include "keeper/status.h"

struct report {
    struct tier_choice choice;
    struct utsname system;
    struct keeper keeper; /* only what status_describe() looks at */
};

/* What one change of how the service is started would add; NULL: nothing. */
static const char *next_step(const struct report *report) {
    const struct tier_choice *choice = &report->choice;
    if (choice->tier == ISOLATION_NAMESPACES) {
        if (choice->one_id) {
            return "start as root: each sandbox gets a user of its own, and control groups";
        }
        return cgroups_has(&report->keeper.cgroups, CGROUP_MEMORY)
                   ? NULL
                   : "a writable cgroup hierarchy: memory, processes and CPU are held by the kernel, not by a watch";
    }
    if (choice->tier == ISOLATION_AUTO) {
        return NULL; /* the problem says it */
    }
    return "docker run --privileged (or a host that permits user namespaces): the namespaces tier";
}

static void look(const struct settings *settings, struct report *ret_report) {
    struct report *report = ret_report;
    memset(report, 0, sizeof *report);
    (void)uname(&report->system);
    tier_choose(settings, &report->choice);
    struct keeper *keeper = &report->keeper;
    keeper->settings = settings;
    keeper->tier = report->choice.tier;
    keeper->one_id = report->choice.one_id;
    keeper->use_user_namespace = report->choice.use_user_namespace;
    keeper->prepared_root = report->choice.prepared_root;
    memcpy(keeper->tree_note, report->choice.tree_note, sizeof keeper->tree_note);
}

static void print_text(const struct report *report, FILE *out) {
    const struct tier_choice *choice = &report->choice;
    const struct front_status *status = &report->keeper.status;
    fprintf(out, "host\n");
    fprintf(out, "  kernel        Linux %s, %s\n", report->system.release, report->system.machine);
    fprintf(out, "  user          %s\n", choice->one_id ? "an ordinary one" : "root");
    if (choice->namespaces.step[0]) {
        fprintf(out, "  namespaces    %s%s%s\n", choice->namespaces.error ? choice->namespaces.step : "work",
                choice->namespaces.error ? ": " : "",
                choice->namespaces.error ? strerror(-choice->namespaces.error) : "");
    } else {
        fprintf(out, "  namespaces    not tried\n");
    }
    if (choice->landlock_abi > 0) {
        fprintf(out, "  Landlock      ABI %d\n", choice->landlock_abi);
    } else {
        fprintf(out, "  Landlock      none\n");
    }
    fprintf(out, "  gVisor        %s\n", choice->gvisor ? "yes" : "no");
    if (choice->tier == ISOLATION_AUTO) {
        fprintf(out, "tier            none: %s\n", choice->problem);
        return;
    }
    fprintf(out, "tier            %s\n", isolation_name(choice->tier));
    for (int state = LAYER_IN_FORCE; state <= LAYER_MISSING; state++) {
        uint32_t printed = 0;
        fprintf(out, "%s\n", state == LAYER_IN_FORCE ? "in force" : "missing");
        for (uint32_t i = 0; i < status->n_layers; i++) {
            if ((int)status->layers[i].state == state) {
                fprintf(out, "  %-14s  %s\n", status->layers[i].name, status->layers[i].detail);
                printed++;
            }
        }
        if (!printed) {
            fprintf(out, "  nothing\n");
        }
    }
    if (next_step(report)) {
        fprintf(out, "would add more  %s\n", next_step(report));
    }
}

/* All texts are our own or the kernel's: quotes, backslashes and control characters are all that could disturb. */
static void print_string(const char *text, FILE *out) {
    fputc('"', out);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fputc('\\', out);
        }
        fputc(c < ' ' ? ' ' : c, out);
    }
    fputc('"', out);
}

static void print_member(const char *name, const char *text, const char *after, FILE *out) {
    fprintf(out, "\"%s\": ", name);
    print_string(text, out);
    fputs(after, out);
}

static void print_layers(const struct front_status *status, enum layer_state state, FILE *out) {
    const char *separator = "";
    fputc('[', out);
    for (uint32_t i = 0; i < status->n_layers; i++) {
        if (status->layers[i].state == (uint32_t)state) {
            fprintf(out, "%s{", separator);
            print_member("name", status->layers[i].name, ", ", out);
            print_member("detail", status->layers[i].detail, "}", out);
            separator = ", ";
        }
    }
    fputc(']', out);
}

static void print_json(const struct report *report, FILE *out) {
    const struct tier_choice *choice = &report->choice;
    const int works = choice->tier != ISOLATION_AUTO;
    fputs("{\"host\": {", out);
    print_member("kernel", report->system.release, ", ", out);
    print_member("machine", report->system.machine, ", ", out);
    fprintf(out, "\"root\": %s, \"landlock_abi\": %d, \"gvisor\": %s, ", choice->one_id ? "false" : "true",
            choice->landlock_abi, choice->gvisor ? "true" : "false");
    if (choice->namespaces.error) {
        print_member("namespaces_refused_at", choice->namespaces.step, ", ", out);
        print_member("namespaces_error", strerror(-choice->namespaces.error), "}, ", out);
    } else {
        fprintf(out, "\"namespaces\": %s}, ", choice->namespaces.step[0] ? "true" : "null");
    }
    if (works) {
        print_member("tier", isolation_name(choice->tier), ", ", out);
    } else {
        fputs("\"tier\": null, ", out);
        print_member("problem", choice->problem, ", ", out);
    }
    fputs("\"in_force\": ", out);
    print_layers(&report->keeper.status, LAYER_IN_FORCE, out);
    fputs(", \"missing\": ", out);
    print_layers(&report->keeper.status, LAYER_MISSING, out);
    if (next_step(report)) {
        fputs(", ", out);
        print_member("would_add_more", next_step(report), "", out);
    }
    fputs("}\n", out);
}

int keeper_check(const struct settings *settings, int as_json, FILE *out) {
    struct report report;
    look(settings, &report);
    if (report.choice.tier != ISOLATION_AUTO) {
        int error = cgroups_open(&report.keeper.cgroups, 1, settings->max_processes, 0);
        if (error) {
            return error;
        }
        status_describe(&report.keeper);
    }
    if (as_json) {
        print_json(&report, out);
    } else {
        print_text(&report, out);
    }
    if (report.choice.tier != ISOLATION_AUTO) {
        cgroups_close(&report.keeper.cgroups);
    }
    return report.choice.tier == ISOLATION_AUTO;
}
