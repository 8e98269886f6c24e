/* glacis-worker: reads hostile bytes for others. Started by them with a socket as descriptor 3; not for
 * people.
 *
 * glacis-worker [--cpu SECONDS] [--memory BYTES] [--magic] [--cuckoo REPORT] [--no-jail]
 *
 * The jail closes, then the first message is read. No library needs a file after that: OpenSSL is told to
 * read no configuration; --magic loads libmagic's tables and the time zone before, --cuckoo maps the report,
 * which is parsed behind the jail's door. */
#include "base/digest.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/num.h"
#include "format/module/cuckoo.h"
#include "format/module/magic.h"
#include "jail/jail.h"
#include "wire/mapping.h"
#include "wire/worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum { SOCKET = 3, HEAP = 224 << 10 /* bytes: what a scan of a small file takes */ };

int main(int argc, char **argv)
{
    struct glc_jail_options opt = { .keep = SOCKET };
    bool jail = true, magic = false;
    const char *report_path = NULL;
    for (int i = 1; i < argc; i++) {
        uint64_t *value = strcmp(argv[i], "--cpu") == 0      ? &opt.cpu_seconds
                          : strcmp(argv[i], "--memory") == 0 ? &opt.memory
                                                             : NULL;
        if (strcmp(argv[i], "--no-jail") == 0) {
            jail = false;
        } else if (strcmp(argv[i], "--magic") == 0) {
            magic = true;
        } else if (strcmp(argv[i], "--cuckoo") == 0 && i + 1 < argc) {
            report_path = argv[++i];
        } else if (value == NULL || i + 1 == argc || !glc_num_u64(glc_span_str(argv[++i]), value)) {
            fprintf(stderr, "glacis-worker: started by glacis, not by hand\n");
            return 2;
        }
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    glc_heap_prepare(HEAP);
    glc_mapping_prepare();
    if (magic)
        tzset(); /* libmagic tells the time of some formats as the clock on the wall shows it */
    struct glc_libmagic *db = magic ? glc_libmagic_open() : NULL;
    struct glc_map cuckoo_map = { 0 };
    if (report_path != NULL && glc_map_path(report_path, &cuckoo_map) != GLC_OK) {
        glc_worker_fail(SOCKET, "the report for the module cuckoo cannot be read");
        return 4;
    }
    struct glc_jail_report report = { 0 };
    struct glc_error err = { 0 };
    if (!glc_digest_prepare()) {
        glc_worker_fail(SOCKET, "OpenSSL cannot be used");
        return 4;
    }
    if (jail && glc_jail_enter(&opt, &report, &err) != GLC_OK) {
        glc_worker_fail(SOCKET, err.msg);
        return 4;
    }
    struct glc_cuckoo *cuckoo = report_path == NULL ? NULL : glc_cuckoo_new(cuckoo_map.bytes);
    if (report_path != NULL && cuckoo == NULL) {
        glc_worker_fail(SOCKET, "the report for the module cuckoo is no JSON object");
        return 4;
    }
    return glc_worker_serve(SOCKET,
                            &(struct glc_worker_hello){ report.landlock, report.seccomp, db, cuckoo });
}
