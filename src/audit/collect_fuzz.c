/* Every collector and both disk readers from any bytes: the first byte chooses which file of a system the
 * rest is. The register knows a few words, so that facts are kept, copied and judged. */
#include "audit/disk.h"
#include "audit/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {
    "/var/lib/dpkg/status",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/Packages",
    "/lib/apk/db/installed",
    "/var/lib/pacman/local/a-1/desc",
    "/var/lib/flatpak/app/a/b/metadata",
    "/a/meta/snap.yaml",
    "/etc/systemd/system/a.service",
    "/proc/1/comm",
    "/proc/1/environ",
    "/proc/modules",
    "/etc/passwd",
    "/a/b.pem",
    "/a/b.der",
    "/a/cert9.db",
    "/Program Files/a.exe",
    "/etc/hosts",
    "/a/extensions.json",
    "/etc/opt/chrome/policies/managed/a.json",
    "/a/package-lock.json",
    "/a/yarn.lock",
    "/a/pnpm-lock.yaml",
    "/a/requirements.txt",
    "/a/poetry.lock",
    "/a/Pipfile.lock",
    "/a/pom.xml",
    "/a/gradle.lockfile",
    "/a/go.mod",
    "/a/Cargo.lock",
    "/Windows/System32/config/SOFTWARE",
    "/Windows/System32/config/SYSTEM",
    "/A.app/Contents/Info.plist",
    "/A.app/Contents/MacOS/a",
    "/a/repositories.json",
    "/a/b.sh",
    "/etc/os-release",
    "/config/juniper.conf",
};
enum { PATHS = sizeof paths / sizeof *paths };

static enum glc_err read_bytes(const struct glc_entry *e, struct glc_buf *out)
{
    const struct glc_span *s = e->ctx;
    return glc_buf_put(out, s->ptr, s->len) ? GLC_OK : GLC_LIMIT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *patterns[] = { "*a*" };
    static struct glc_reg_entity entity = { .id = "e", .name = "E" };
    static struct glc_reg_signal signals[GLC_FACT_KINDS];
    struct glc_register reg = { .signals = signals, .nsignals = GLC_FACT_KINDS };
    if (size == 0)
        return 0;
    for (size_t k = 0; k < GLC_FACT_KINDS; k++) {
        signals[k] = (struct glc_reg_signal){ .id = "s",
                                              .kind = (enum glc_fact_kind)k,
                                              .patterns = { patterns, 1 },
                                              .entity = &entity,
                                              .confidence = 'P' };
        reg.first[k + 1] = k + 1;
    }
    struct glc_audit a;
    struct glc_report report;
    struct glc_question q = { .asof = { .utc = 0 } };
    struct glc_span rest = glc_span(data + 1, size - 1);
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "fuzz", "x");
    unsigned which = data[0] % (PATHS + 3);
    if (which == PATHS || which == PATHS + 1) {
        struct glc_disks all;
        glc_disks_init(&all, &a, rest.len);
        const struct glc_disk *d = glc_disk_span(&all, rest);
        if (d != NULL)
            glc_disk_image(d, "x");
        glc_disks_done(&all);
    } else if (which == PATHS + 2) {
        glc_collect_sbom(&a, "x", rest);
    } else {
        struct glc_entry e = {
            .path = paths[which], .type = GLC_ENTRY_FILE, .size = rest.len, .read = read_bytes, .ctx = &rest
        };
        glc_collect_entry(&a, &e);
    }
    glc_audit_end(&a);
    (void)!glc_judge(&a, &q, &report);
    glc_audit_done(&a);
    return 0;
}
