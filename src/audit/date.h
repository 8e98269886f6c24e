/* Calendar arithmetic of the audit: civil dates, instants with a stated zone, business days, U.S. federal
 * holidays.
 *
 * An instant is seconds since 1970-01-01T00:00:00Z, leap seconds not counted; a day is its number since
 * 1970-01-01. Only the zones that the register's instruments state are known (docs/audit.md lists them):
 * their rules are in a table here and not taken from the machine, so that two machines give the same answer
 * for the same date. */
#ifndef GLC_AUDIT_DATE_H
#define GLC_AUDIT_DATE_H

#include "base/err.h"
#include "base/span.h"

struct glc_date {
    int32_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
};

struct glc_zone; /* one row of the table; static */

/* A point on the time line as a user gives it: a bare date is the whole of that day in whatever zone it is
 * asked in. */
struct glc_asof {
    bool date_only;
    int64_t day; /* of the date, where date_only */
    int64_t utc; /* the instant, where not */
};

int64_t glc_date_to_day(struct glc_date d);
struct glc_date glc_date_from_day(int64_t day);

/* 0 Sunday … 6 Saturday. */
int glc_date_weekday(int64_t day);

/* YYYY-MM-DD of a day that exists, years 1900 to 2199. */
bool glc_date_parse(struct glc_span text, int64_t *day) GLC_CHECK;

/* RFC 3339 with Z or an offset; the seconds may be missing. */
bool glc_date_parse_instant(struct glc_span text, int64_t *utc) GLC_CHECK;

/* A date or an instant. */
bool glc_date_parse_asof(struct glc_span text, struct glc_asof *out) GLC_CHECK;

/* YYYY-MM-DDThh:mm without a zone, as the wall clock of a zone shows it; `local` is seconds. */
bool glc_date_parse_local(struct glc_span text, int64_t *local) GLC_CHECK;

/* The zone of an IANA name ("America/New_York", "UTC"); NULL where the table does not have it. */
const struct glc_zone *glc_zone_find(struct glc_span name);

/* Seconds east of UTC at that instant, and the abbreviation in use ("EDT"). */
int32_t glc_zone_offset(const struct glc_zone *z, int64_t utc, const char **abbreviation);

/* The instant at which the zone's wall clock shows `local`; the first of two where clocks go back. */
int64_t glc_zone_to_utc(const struct glc_zone *z, int64_t local);

/* The civil day in the zone at that instant. */
int64_t glc_zone_day(const struct glc_zone *z, int64_t utc);

/* True from `from` on: an instant compares as it is; a bare date is reached when its last second is. */
bool glc_asof_reached(struct glc_asof at, const struct glc_zone *z, int64_t from);

/* The civil day in the zone that `at` falls on. */
int64_t glc_asof_day(struct glc_asof at, const struct glc_zone *z);

/* Days until `event` (negative: since). Between bare dates whole civil days in the zone; from an instant,
 * full days of 24 hours that have passed, and days begun that are still to come. */
int64_t glc_asof_days_until(struct glc_asof at, const struct glc_zone *z, int64_t event);

/* 5 U.S.C. 6103 with the Saturday and Sunday shift; Juneteenth since 2021, Martin Luther King since 1986. */
bool glc_date_us_holiday(int64_t day);
bool glc_date_us_business(int64_t day);

/* The n-th business day after `day`, which itself does not count. n of 0 gives `day`. */
int64_t glc_date_add_business(int64_t day, uint32_t n);

enum { GLC_DATE_TEXT = 40 };
/* "2024-09-29", and "2024-09-29 00:00 EDT (04:00 UTC)". */
void glc_date_print(int64_t day, char out[GLC_DATE_TEXT]);
void glc_date_print_instant(int64_t utc, char out[GLC_DATE_TEXT]);
void glc_date_print_stated(const struct glc_zone *z, int64_t utc, char out[3 * GLC_DATE_TEXT]);

#endif
