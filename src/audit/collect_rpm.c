/* rpm: rpmdb.sqlite, Packages.db (ndb), Packages (bdb), wherever a root keeps them (…/rpm/). SQLite is given
 * the bytes in memory, so that the file is never written, locked or recovered; a write-ahead log beside it is
 * applied to our copy only by being refused: it makes a gap, because it may hold what the file does not. */
#include "audit/collect.h"
#include "audit/database.h"
#include "audit/rpmdb.h"

struct reading {
    struct glc_audit *a;
    const char *path;
    struct glc_error err;
    bool damaged;
};

static void package(void *ctx, const struct glc_rpm_package *p)
{
    struct reading *r = ctx;
    char *name = glc_audit_text(r->a, p->name, 256), *vendor = glc_audit_text(r->a, p->vendor, 250);
    char *packager = glc_audit_text(r->a, p->packager, 250);
    char *version =
        glc_arena_printf(&r->a->scratch, "%.*s%s%.*s", (int)p->version.len, (const char *)p->version.ptr,
                         p->release.len != 0 ? "-" : "", (int)p->release.len, (const char *)p->release.ptr);
    if (name == NULL || vendor == NULL || packager == NULL || version == NULL)
        return;
    glc_audit_fact(r->a, &(struct glc_fact){ .kind = GLC_FACT_PACKAGE,
                                             .value = name,
                                             .ecosystem = "rpm",
                                             .version = version,
                                             .where = r->path });
    glc_audit_supplier(r->a, vendor, name, r->path, GLC_FACT_PRESENT, false);
    glc_audit_supplier(r->a, packager, name, r->path, GLC_FACT_PRESENT, false);
}

static void row(void *ctx, struct glc_span blob)
{
    struct reading *r = ctx;
    struct glc_rpm_package p;
    if (r->damaged)
        return;
    if (glc_rpm_header(blob, &p, &r->err) == GLC_OK)
        package(r, &p);
    else
        r->damaged = true;
}

void glc_take_rpm(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    struct reading r = { .a = a, .path = path };
    a->seen.rpm = true;
    if (glc_path_ends(path, "-wal")) {
        if (bytes.len != 0)
            glc_audit_gap(a, path, "the rpm database has a write-ahead log that is not applied");
        return;
    }
    if (bytes.len >= 16 && memcmp(bytes.ptr, "SQLite format 3", 16) == 0) {
        const char *why = glc_database_blobs(bytes, "SELECT blob FROM Packages", row, &r);
        if (why != NULL)
            glc_audit_gap(a, path, "the rpm database is damaged: %s", why);
        else if (r.damaged)
            glc_audit_gap(a, path, "the rpm database is damaged: %s", r.err.msg);
        return;
    }
    if (glc_rpm_db(bytes, package, &r, &r.err) != GLC_OK)
        glc_audit_gap(a, path, "the rpm database is damaged or of an unknown form: %s", r.err.msg);
}
