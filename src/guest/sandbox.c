#include "guest/sandbox.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guest/memory_holder.h"
#include "guest/prefault.h"
#include "guest/request.h"
#include "guest/result_map.h"
#include "guest/run.h"
#include "guest/warm.h"
#include "wire/guest_link.h"
#include "wire/packet.h"
#include "wire/private_tmp.h"

/* The library is there when the keeper has it preloaded: without namespaces. */
#pragma weak pyexec_private_tmp_set

#define STATUS_NOT_READY 71
#define STATUS_NO_REQUEST 72

static void report_failure(int report_fd, enum jail_step step, int error) {
    const struct sandbox_report report = {.type = REPORT_FAILED, .step = (uint32_t)step, .error = error};
    (void)packet_send(report_fd, &report, sizeof report, NULL, 0); /* the keeper takes silence for a failure as well */
}

/* Without a holder the answer waits until the memory is taken down, and all else is as it should be. */
static void report_ready(int hold_memory) {
    const struct sandbox_report report = {.type = REPORT_READY};
    cleanup_close int holder_fd = -1;
    if (hold_memory) {
        (void)memory_holder_start(&holder_fd);
    }
    (void)packet_send(JAIL_FD_REPORT, &report, sizeof report, &holder_fd, holder_fd >= 0 ? 1 : 0);
    (void)close(JAIL_FD_REPORT);
}

int sandbox_hand_over(int listener_fd) {
    const struct sandbox_report report = {.type = REPORT_ASKS};
    return packet_send(JAIL_FD_REPORT, &report, sizeof report, &listener_fd, 1);
}

void sandbox_live(const struct jail_options *options, const char *private_directory, const struct runner *runner,
                  enum guest_kind kind, int hold_memory) {
    enum jail_step step = JAIL_STEP_NONE;
    (void)prctl(PR_SET_NAME, "pyexec-run");
    int error = jail_enter(options, &step);
    if (!error && private_directory) {
        step = JAIL_STEP_DIRECTORY;
        error = pyexec_private_tmp_set ? pyexec_private_tmp_set(private_directory) : -ENOSYS;
    }
    if (error) {
        /* The descriptors are arranged first: a later step finds this one in its place. */
        report_failure(step > JAIL_STEP_DESCRIPTORS ? JAIL_FD_REPORT : options->report_fd, step, error);
        _exit(STATUS_NOT_READY);
    }
    prefault_apply();
    warm_after_fork_child(); /* only now, so that the pages it writes count in the sandbox's control group */
    error = result_map_attach(JAIL_FD_RESULT);
    (void)close(JAIL_FD_RESULT);
    if (!error && (run_rehearsal(runner, kind, false) < 0 || run_get_ready(runner) < 0)) {
        error = -EPROTO;
    }
    if (error) {
        report_failure(JAIL_FD_REPORT, JAIL_STEP_REHEARSAL, error);
        _exit(STATUS_NOT_READY);
    }
    report_ready(hold_memory);

    /* From here on the script decides what happens. */
    struct request request;
    int found = request_read(JAIL_FD_CONTROL, &request);
    (void)close(JAIL_FD_CONTROL);
    if (found <= 0) {
        _exit(found == 0 ? 0 : STATUS_NO_REQUEST);
    }
    run_end(runner, run_request(runner, &request));
}
