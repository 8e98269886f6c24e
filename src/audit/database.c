/* SQLite over hostile bytes. The copy is ours: its header's journal mode is set back from WAL (SQLite's file
 * format, 1.3.3), without which a database in memory does not open. Schemas are not trusted, and a query that
 * works longer than MAX_STEPS instructions ends. */
#include "audit/database.h"

#include <sqlite3.h>

enum { STEPS = 100000, MAX_CALLS = 20000 };

static int enough(void *ctx)
{
    int *calls = ctx;
    return ++*calls > MAX_CALLS;
}

static const char *run(sqlite3 *db, const char *query, void (*row)(void *, struct glc_span), void *ctx)
{
    sqlite3_stmt *stmt = NULL;
    int calls = 0;
    sqlite3_progress_handler(db, STEPS, enough, &calls);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 256 << 20);
    if (sqlite3_prepare_v2(db, query, -1, &stmt, NULL) != SQLITE_OK)
        return "it lacks the table or is not a database";
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const void *p = sqlite3_column_blob(stmt, 0);
        row(ctx, glc_span(p, p != NULL ? (size_t)sqlite3_column_bytes(stmt, 0) : 0));
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE        ? NULL
           : rc == SQLITE_INTERRUPT ? "it takes too long"
                                    : "its pages are malformed";
}

const char *glc_database_blobs(struct glc_span bytes, const char *query,
                               void (*row)(void *ctx, struct glc_span value), void *ctx)
{
    sqlite3 *db = NULL;
    unsigned char *copy = bytes.len >= 100 ? sqlite3_malloc64(bytes.len) : NULL;
    if (copy == NULL)
        return bytes.len < 100 ? "it is cut short" : "no memory";
    memcpy(copy, bytes.ptr, bytes.len);
    copy[18] = copy[19] = 1;
    if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL) != SQLITE_OK) {
        sqlite3_free(copy);
        sqlite3_close(db);
        return "no memory";
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    const char *why = "it cannot be opened";
    if (sqlite3_deserialize(db, "main", copy, (sqlite3_int64)bytes.len, (sqlite3_int64)bytes.len,
                            SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY) == SQLITE_OK)
        why = run(db, query, row, ctx);
    sqlite3_close(db);
    return why;
}
