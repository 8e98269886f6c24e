/* The rpm database in its three forms, read without librpm. */
#ifndef GLC_AUDIT_RPMDB_H
#define GLC_AUDIT_RPMDB_H

#include "base/cursor.h"

struct glc_rpm_package {
    struct glc_span name, version, release, vendor,
        packager; /* in the database's bytes or in the reader's copy */
};

typedef void glc_rpm_each(void *ctx, const struct glc_rpm_package *p);

/* A header blob without its magic: counts, index, data (rpm's manual, "RPM v4 header format"). */
enum glc_err glc_rpm_header(struct glc_span blob, struct glc_rpm_package *out,
                            struct glc_error *err) GLC_CHECK;

/* Packages.db: "RpmP" pages of slots and "BlbS" blobs. */
enum glc_err glc_rpm_ndb(struct glc_span db, glc_rpm_each *each, void *ctx, struct glc_error *err) GLC_CHECK;

/* Packages: a Berkeley DB hash table, either byte order. */
enum glc_err glc_rpm_bdb(struct glc_span db, glc_rpm_each *each, void *ctx, struct glc_error *err) GLC_CHECK;

/* By the magic: SQLite is not among them. GLC_UNSUPPORTED for another file. */
enum glc_err glc_rpm_db(struct glc_span db, glc_rpm_each *each, void *ctx, struct glc_error *err) GLC_CHECK;

#endif
