/* Calendar arithmetic. The civil calendar is the proleptic Gregorian one, by counting days in eras of 400
 * years.
 *
 * The zone table holds today's daylight rules: the United States' and Canada's of 2007 (second Sunday of
 * March to first Sunday of November, 02:00 wall clock), the European Union's of 1996 (last Sundays of March
 * and October, 01:00 UTC), south-eastern Australia's of 2008. No instrument of the register is older than
 * 2017. */
#include "audit/date.h"

#include <stdio.h>

enum dst { DST_NONE, DST_US, DST_EU, DST_AU };

struct glc_zone {
    const char *name;
    int32_t offset; /* standard time, seconds east of UTC */
    enum dst dst;
    const char *standard;
    const char *summer;
};

static const struct glc_zone zones[] = {
    { "UTC", 0, DST_NONE, "UTC", "UTC" },
    { "America/New_York", -5 * 3600, DST_US, "EST", "EDT" },
    { "America/Chicago", -6 * 3600, DST_US, "CST", "CDT" },
    { "America/Denver", -7 * 3600, DST_US, "MST", "MDT" },
    { "America/Los_Angeles", -8 * 3600, DST_US, "PST", "PDT" },
    { "America/Toronto", -5 * 3600, DST_US, "EST", "EDT" },
    { "Europe/London", 0, DST_EU, "GMT", "BST" },
    { "Europe/Amsterdam", 3600, DST_EU, "CET", "CEST" },
    { "Europe/Berlin", 3600, DST_EU, "CET", "CEST" },
    { "Europe/Brussels", 3600, DST_EU, "CET", "CEST" },
    { "Europe/Paris", 3600, DST_EU, "CET", "CEST" },
    { "Europe/Prague", 3600, DST_EU, "CET", "CEST" },
    { "Europe/Rome", 3600, DST_EU, "CET", "CEST" },
    { "Europe/Warsaw", 3600, DST_EU, "CET", "CEST" },
    { "Europe/Bucharest", 2 * 3600, DST_EU, "EET", "EEST" },
    { "Europe/Helsinki", 2 * 3600, DST_EU, "EET", "EEST" },
    { "Europe/Kyiv", 2 * 3600, DST_EU, "EET", "EEST" },
    { "Europe/Vilnius", 2 * 3600, DST_EU, "EET", "EEST" },
    { "Asia/Tokyo", 9 * 3600, DST_NONE, "JST", "JST" },
    { "Asia/Taipei", 8 * 3600, DST_NONE, "CST", "CST" },
    { "Australia/Sydney", 10 * 3600, DST_AU, "AEST", "AEDT" },
};

enum { DAY = 86400 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t glc_date_to_day(struct glc_date d)
{
    int64_t y = d.year - (d.month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct glc_date glc_date_from_day(int64_t day)
{
    int64_t z = day + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    struct glc_date d = { .day = (int32_t)(doy - (153 * mp + 2) / 5 + 1),
                          .month = (int32_t)(mp + (mp < 10 ? 3 : -9)) };
    d.year = (int32_t)(yoe + era * 400 + (d.month <= 2));
    return d;
}

int glc_date_weekday(int64_t day)
{
    return (int)(day + 4 - floor_div(day + 4, 7) * 7);
}

/* Exactly n digits at `at`. */
static bool digits(struct glc_span s, size_t at, size_t n, int32_t *out)
{
    if (at > s.len || n > s.len - at)
        return false;
    int32_t v = 0;
    for (size_t i = at; i < at + n; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        v = v * 10 + (s.ptr[i] - '0');
    }
    *out = v;
    return true;
}

bool glc_date_parse(struct glc_span text, int64_t *day)
{
    struct glc_date d;
    if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-' || !digits(text, 0, 4, &d.year) ||
        !digits(text, 5, 2, &d.month) || !digits(text, 8, 2, &d.day))
        return false;
    if (d.year < 1900 || d.year > 2199 || d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31)
        return false;
    int64_t n = glc_date_to_day(d);
    struct glc_date back = glc_date_from_day(n);
    if (back.month != d.month || back.day != d.day)
        return false;
    *day = n;
    return true;
}

/* hh:mm[:ss]; `used` bytes of the text were read. */
static bool clock_of(struct glc_span s, int32_t *seconds, size_t *used)
{
    int32_t h, m, sec = 0;
    if (!digits(s, 0, 2, &h) || s.len < 5 || s.ptr[2] != ':' || !digits(s, 3, 2, &m))
        return false;
    size_t n = 5;
    if (s.len > 5 && s.ptr[5] == ':') {
        if (!digits(s, 6, 2, &sec))
            return false;
        n = 8;
    }
    if (h > 23 || m > 59 || sec > 59)
        return false;
    *seconds = h * 3600 + m * 60 + sec;
    *used = n;
    return true;
}

bool glc_date_parse_instant(struct glc_span text, int64_t *utc)
{
    int64_t day;
    int32_t sec, off = 0;
    size_t used;
    if (text.len < 17 || !glc_date_parse(glc_span_sub(text, 0, 10), &day) ||
        (text.ptr[10] != 'T' && text.ptr[10] != 't' && text.ptr[10] != ' '))
        return false;
    if (!clock_of(glc_span_sub(text, 11, text.len), &sec, &used))
        return false;
    struct glc_span rest = glc_span_sub(text, 11 + used, text.len);
    if (glc_span_is(rest, "Z") || glc_span_is(rest, "z")) {
        off = 0;
    } else {
        size_t n;
        if (rest.len != 6 || (rest.ptr[0] != '+' && rest.ptr[0] != '-') ||
            !clock_of(glc_span_sub(rest, 1, 5), &off, &n))
            return false;
        off = rest.ptr[0] == '-' ? -off : off;
    }
    *utc = day * DAY + sec - off;
    return true;
}

bool glc_date_parse_local(struct glc_span text, int64_t *local)
{
    int64_t day;
    int32_t sec;
    size_t used;
    if (text.len < 16 || !glc_date_parse(glc_span_sub(text, 0, 10), &day) || text.ptr[10] != 'T' ||
        !clock_of(glc_span_sub(text, 11, text.len), &sec, &used) || used != text.len - 11)
        return false;
    *local = day * DAY + sec;
    return true;
}

bool glc_date_parse_asof(struct glc_span text, struct glc_asof *out)
{
    int64_t v;
    if (glc_date_parse(text, &v)) {
        *out = (struct glc_asof){ .date_only = true, .day = v };
        return true;
    }
    if (!glc_date_parse_instant(text, &v))
        return false;
    *out = (struct glc_asof){ .utc = v };
    return true;
}

const struct glc_zone *glc_zone_find(struct glc_span name)
{
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (glc_span_is(name, zones[i].name))
            return &zones[i];
    return NULL;
}

/* The day of the n-th (1 …; 0: last) Sunday of a month. */
static int64_t sunday(int32_t year, int32_t month, int n)
{
    int64_t first = glc_date_to_day((struct glc_date){ year, month, 1 });
    if (n > 0)
        return first + (7 - glc_date_weekday(first)) % 7 + 7 * (n - 1);
    struct glc_date next = { month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1 };
    int64_t last = glc_date_to_day(next) - 1;
    return last - glc_date_weekday(last);
}

static bool summer(const struct glc_zone *z, int64_t utc)
{
    int32_t year = glc_date_from_day(floor_div(utc + z->offset, DAY)).year;
    switch (z->dst) {
    case DST_US:
        return utc >= sunday(year, 3, 2) * DAY + 7200 - z->offset &&
               utc < sunday(year, 11, 1) * DAY + 3600 - z->offset;
    case DST_EU:
        return utc >= sunday(year, 3, 0) * DAY + 3600 && utc < sunday(year, 10, 0) * DAY + 3600;
    case DST_AU:
        return utc < sunday(year, 4, 1) * DAY + 7200 - z->offset ||
               utc >= sunday(year, 10, 1) * DAY + 7200 - z->offset;
    case DST_NONE:
        break;
    }
    return false;
}

int32_t glc_zone_offset(const struct glc_zone *z, int64_t utc, const char **abbreviation)
{
    bool s = summer(z, utc);
    if (abbreviation != NULL)
        *abbreviation = s ? z->summer : z->standard;
    return z->offset + (s ? 3600 : 0);
}

int64_t glc_zone_to_utc(const struct glc_zone *z, int64_t local)
{
    int64_t first = local - z->offset - 3600; /* as if it were summer time */
    return z->dst != DST_NONE && summer(z, first) ? first : local - z->offset;
}

int64_t glc_zone_day(const struct glc_zone *z, int64_t utc)
{
    return floor_div(utc + glc_zone_offset(z, utc, NULL), DAY);
}

bool glc_asof_reached(struct glc_asof at, const struct glc_zone *z, int64_t from)
{
    return at.date_only ? at.day >= glc_zone_day(z, from) : at.utc >= from;
}

int64_t glc_asof_day(struct glc_asof at, const struct glc_zone *z)
{
    return at.date_only ? at.day : glc_zone_day(z, at.utc);
}

int64_t glc_asof_days_until(struct glc_asof at, const struct glc_zone *z, int64_t event)
{
    if (at.date_only)
        return glc_zone_day(z, event) - at.day;
    int64_t gap = event - at.utc;
    return gap > 0 ? (gap + DAY - 1) / DAY : -(-gap / DAY);
}

/* The n-th weekday (0 Sunday) of the date's month; n of 5 stands for the last one. */
static bool nth(struct glc_date d, int weekday_now, int weekday, int n)
{
    if (weekday_now != weekday)
        return false;
    return n == 5 ? d.day > 24 : (d.day - 1) / 7 == n - 1;
}

/* A holiday by its own date, before any shift. */
static bool fixed_holiday(int64_t day)
{
    struct glc_date d = glc_date_from_day(day);
    return (d.month == 1 && d.day == 1) || (d.month == 6 && d.day == 19 && d.year >= 2021) ||
           (d.month == 7 && d.day == 4) || (d.month == 11 && d.day == 11) || (d.month == 12 && d.day == 25);
}

bool glc_date_us_holiday(int64_t day)
{
    struct glc_date d = glc_date_from_day(day);
    int w = glc_date_weekday(day);
    if (w == 5 && fixed_holiday(day + 1))
        return true; /* on a Saturday: kept on the Friday */
    if (w == 1 && fixed_holiday(day - 1))
        return true; /* on a Sunday: kept on the Monday */
    if (fixed_holiday(day))
        return true;
    return (d.month == 1 && d.year >= 1986 && nth(d, w, 1, 3)) || (d.month == 2 && nth(d, w, 1, 3)) ||
           (d.month == 5 && d.day > 24 && w == 1) || (d.month == 9 && nth(d, w, 1, 1)) ||
           (d.month == 10 && nth(d, w, 1, 2)) || (d.month == 11 && nth(d, w, 4, 4));
}

bool glc_date_us_business(int64_t day)
{
    int w = glc_date_weekday(day);
    return w != 0 && w != 6 && !glc_date_us_holiday(day);
}

int64_t glc_date_add_business(int64_t day, uint32_t n)
{
    while (n != 0)
        n -= glc_date_us_business(++day);
    return day;
}

void glc_date_print(int64_t day, char out[GLC_DATE_TEXT])
{
    struct glc_date d = glc_date_from_day(day);
    snprintf(out, GLC_DATE_TEXT, "%04d-%02d-%02d", (int)d.year, (int)d.month, (int)d.day);
}

void glc_date_print_instant(int64_t utc, char out[GLC_DATE_TEXT])
{
    struct glc_date d = glc_date_from_day(floor_div(utc, DAY));
    int s = (int)(utc - floor_div(utc, DAY) * DAY);
    snprintf(out, GLC_DATE_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)d.year, (int)d.month, (int)d.day,
             s / 3600, s / 60 % 60, s % 60);
}

void glc_date_print_stated(const struct glc_zone *z, int64_t utc, char out[3 * GLC_DATE_TEXT])
{
    const char *abbreviation;
    int64_t local = utc + glc_zone_offset(z, utc, &abbreviation);
    char day[GLC_DATE_TEXT], utc_day[GLC_DATE_TEXT];
    glc_date_print(floor_div(local, DAY), day);
    glc_date_print(floor_div(utc, DAY), utc_day);
    int l = (int)(local - floor_div(local, DAY) * DAY), u = (int)(utc - floor_div(utc, DAY) * DAY);
    bool same = floor_div(local, DAY) == floor_div(utc, DAY);
    snprintf(out, 3 * GLC_DATE_TEXT, "%s %02d:%02d %s (%s%s%02d:%02d UTC)", day, l / 3600, l / 60 % 60,
             abbreviation, same ? "" : utc_day, same ? "" : " ", u / 3600, u / 60 % 60);
}
