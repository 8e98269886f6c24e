/* The calendar of the audit: every row is a sentence about one date. */
#include "check.h"

#include "audit/date.h"

static int64_t day_of(const char *s)
{
    int64_t d;
    if (!glc_date_parse(glc_span_str(s), &d))
        fail_msg("not a date: %s", s);
    return d;
}

static struct glc_asof at(const char *s)
{
    struct glc_asof a;
    if (!glc_date_parse_asof(glc_span_str(s), &a))
        fail_msg("not a date: %s", s);
    return a;
}

static void dates_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t day; /* -1: refused */
    } rows[] = {
        { "1970-01-01", 0 },     { "2000-02-29", 11016 }, { "2024-02-29", 19782 }, { "2023-02-29", -1 },
        { "2024-09-29", 19995 }, { "2024-13-01", -1 },    { "2024-00-10", -1 },    { "2024-04-31", -1 },
        { "2024-4-1", -1 },      { "20240401", -1 },      { "2024-09-29 ", -1 },   { "", -1 },
        { "1899-12-31", -1 },    { "2200-01-01", -1 },    { "2100-02-29", -1 },    { "2199-12-31", 84005 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t d = -7;
        bool ok = glc_date_parse(glc_span_str(rows[i].text), &d);
        if (ok != (rows[i].day >= 0) || (ok && d != rows[i].day))
            fail_msg("%s: %d %lld", rows[i].text, ok, (long long)d);
    }
    for (int64_t d = -20000; d < 80000; d++)
        assert_int_equal(glc_date_to_day(glc_date_from_day(d)), d);
}

static void instants_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utc; /* NULL: refused */
    } rows[] = {
        { "2024-09-29T00:00:00-04:00", "2024-09-29T04:00:00Z" },
        { "2024-09-29T04:00:00Z", "2024-09-29T04:00:00Z" },
        { "2024-09-29T04:00Z", "2024-09-29T04:00:00Z" },
        { "2024-09-29t06:00:00+02:00", "2024-09-29T04:00:00Z" },
        { "2024-12-31T23:30:00-01:00", "2025-01-01T00:30:00Z" },
        { "2024-09-29T09:30:00+05:30", "2024-09-29T04:00:00Z" },
        { "2024-09-29T24:00:00Z", NULL },
        { "2024-09-29T04:00:00", NULL },
        { "2024-09-29T04:00:00+2:00", NULL },
        { "2024-09-29T4:00Z", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t utc;
        char text[GLC_DATE_TEXT];
        bool ok = glc_date_parse_instant(glc_span_str(rows[i].text), &utc);
        if (ok != (rows[i].utc != NULL))
            fail_msg("%s", rows[i].text);
        if (ok) {
            glc_date_print_instant(utc, text);
            assert_string_equal(text, rows[i].utc);
        }
    }
}

static void zones_have_the_right_hour(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *local, *stated;
    } rows[] = {
        { "America/New_York", "2024-09-29T00:00", "2024-09-29 00:00 EDT (04:00 UTC)" },
        { "America/New_York", "2018-10-01T00:00", "2018-10-01 00:00 EDT (04:00 UTC)" },
        { "America/New_York", "2023-12-04T00:00", "2023-12-04 00:00 EST (05:00 UTC)" },
        { "America/New_York", "2024-03-10T01:59", "2024-03-10 01:59 EST (06:59 UTC)" },
        { "America/New_York", "2024-03-10T03:00", "2024-03-10 03:00 EDT (07:00 UTC)" },
        { "America/New_York", "2024-11-03T01:30", "2024-11-03 01:30 EDT (05:30 UTC)" },
        { "America/New_York", "2024-11-03T02:00", "2024-11-03 02:00 EST (07:00 UTC)" },
        { "America/New_York", "2024-07-20T23:00", "2024-07-20 23:00 EDT (2024-07-21 03:00 UTC)" },
        { "Europe/Vilnius", "2017-12-21T00:00", "2017-12-21 00:00 EET (2017-12-20 22:00 UTC)" },
        { "Europe/Rome", "2022-04-21T00:00", "2022-04-21 00:00 CEST (2022-04-20 22:00 UTC)" },
        { "Europe/Rome", "2025-11-22T00:00", "2025-11-22 00:00 CET (2025-11-21 23:00 UTC)" },
        { "Europe/London", "2017-12-01T00:00", "2017-12-01 00:00 GMT (00:00 UTC)" },
        { "Australia/Sydney", "2025-04-01T00:00", "2025-04-01 00:00 AEDT (2025-03-31 13:00 UTC)" },
        { "Australia/Sydney", "2025-04-06T12:00", "2025-04-06 12:00 AEST (02:00 UTC)" },
        { "UTC", "2024-09-29T04:00", "2024-09-29 04:00 UTC (04:00 UTC)" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct glc_zone *z = glc_zone_find(glc_span_str(rows[i].zone));
        int64_t local;
        char text[3 * GLC_DATE_TEXT];
        assert_non_null(z);
        assert_true(glc_date_parse_local(glc_span_str(rows[i].local), &local));
        glc_date_print_stated(z, glc_zone_to_utc(z, local), text);
        assert_string_equal(text, rows[i].stated);
    }
    assert_null(glc_zone_find(glc_span_str("Mars/Olympus")));
}

static void updates_stop_at_the_instant(void **state)
{
    (void)state;
    const struct glc_zone *ny = glc_zone_find(glc_span_str("America/New_York"));
    int64_t cut;
    assert_true(glc_date_parse_instant(glc_span_str("2024-09-29T04:00:00Z"), &cut));
    static const struct {
        const char *asof;
        bool reached;
        int64_t days; /* until (positive) or since (negative) */
    } rows[] = {
        { "2024-09-28", false, 1 },
        { "2024-09-29", true, 0 },
        { "2024-09-30", true, -1 },
        { "2024-08-30", false, 30 },
        { "2024-07-20", false, 71 },
        { "2026-11-23", true, -785 },
        { "2024-09-29T03:59:59Z", false, 1 },
        { "2024-09-29T04:00:00Z", true, 0 },
        { "2024-09-28T23:59:59-04:00", false, 1 },
        { "2024-09-29T00:00:00-04:00", true, 0 },
        { "2024-09-29T12:59:59+09:00", false, 1 },
        { "2024-09-29T13:00:00+09:00", true, 0 },
        { "2024-09-28T04:00:00Z", false, 1 },
        { "2024-09-28T03:59:59Z", false, 2 },
        { "2024-09-30T03:59:59Z", true, 0 },
        { "2024-09-30T04:00:00Z", true, -1 },
        { "2025-09-29T04:00:00Z", true, -365 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct glc_asof a = at(rows[i].asof);
        if (glc_asof_reached(a, ny, cut) != rows[i].reached ||
            glc_asof_days_until(a, ny, cut) != rows[i].days)
            fail_msg("%s: %d %lld", rows[i].asof, glc_asof_reached(a, ny, cut),
                     (long long)glc_asof_days_until(a, ny, cut));
    }
    assert_int_equal(glc_asof_day(at("2024-09-29T03:00:00Z"), ny), day_of("2024-09-28"));
}

static void federal_holidays(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        bool holiday;
    } rows[] = {
        { "2024-01-01", true },
        { "2024-01-15", true },
        { "2024-01-08", false },
        { "2024-02-19", true },
        { "2024-05-27", true },
        { "2024-05-20", false },
        { "2024-06-19", true },
        { "2020-06-19", false },
        { "2021-06-18", true },
        { "2021-06-19", true },
        { "2024-07-04", true },
        { "2020-07-03", true },
        { "2021-07-05", true },
        { "2024-09-02", true },
        { "2024-10-14", true },
        { "2024-10-07", false },
        { "2024-11-11", true },
        { "2023-11-10", true },
        { "2024-11-28", true },
        { "2024-11-29", false },
        { "2024-12-25", true },
        { "2022-12-26", true },
        { "2021-12-31", true },
        { "2022-01-01", true },
        { "2023-01-02", true },
        { "2023-05-29", true },
        { "2021-05-31", true },
        { "2018-11-12", true },
        { "2024-12-24", false },
        { "2026-11-26", true },
        { "2026-07-03", true },
        { "2024-03-29", false },
        /* Inauguration Day: kept around Washington only, so that it is a business day (2013 and 2025 it was
         * Martin Luther King's as well) */
        { "2021-01-20", false },
        { "2017-01-20", false },
        { "2025-01-20", true },
        { "2013-01-21", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (glc_date_us_holiday(day_of(rows[i].date)) != rows[i].holiday)
            fail_msg("%s", rows[i].date);
}

static void business_days(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        uint32_t n;
        const char *to;
    } rows[] = {
        { "2024-09-30", 0, "2024-09-30" },
        { "2024-09-30", 1, "2024-10-01" },
        { "2024-09-30", 3, "2024-10-03" },
        { "2024-09-30", 10, "2024-10-15" }, /* Columbus Day between */
        { "2024-10-04", 1, "2024-10-07" },  /* a Friday */
        { "2024-10-05", 1, "2024-10-07" },  /* a Saturday */
        { "2024-10-06", 3, "2024-10-09" },  /* a Sunday */
        { "2024-10-11", 1, "2024-10-15" },  /* Friday before Columbus Day */
        { "2023-12-22", 3, "2023-12-28" },  /* Christmas on a Monday */
        { "2023-12-29", 1, "2024-01-02" },
        { "2021-12-30", 1, "2022-01-03" }, /* New Year kept on 31 December */
        { "2022-12-23", 1, "2022-12-27" }, /* Christmas on a Sunday */
        { "2024-11-27", 1, "2024-11-29" },
        { "2024-11-27", 3, "2024-12-03" },
        { "2026-11-23", 3, "2026-11-27" },
        { "2026-11-23", 10, "2026-12-08" },
        { "2021-06-17", 1, "2021-06-21" },
        { "2020-06-18", 1, "2020-06-19" },
        { "2026-07-02", 1, "2026-07-06" },
        { "2025-01-17", 3, "2025-01-23" },
        { "2023-11-09", 1, "2023-11-13" },
        { "2018-11-09", 1, "2018-11-13" },
        { "2024-12-31", 10, "2025-01-15" },
        { "2024-02-28", 1, "2024-02-29" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[GLC_DATE_TEXT];
        glc_date_print(glc_date_add_business(day_of(rows[i].from), rows[i].n), text);
        assert_string_equal(text, rows[i].to);
    }
}

static void calendar_days_of_the_directive(void **state)
{
    (void)state;
    char text[GLC_DATE_TEXT];
    static const struct {
        int64_t days;
        const char *to;
    } rows[] = { { 30, "2017-10-13" }, { 60, "2017-11-12" }, { 90, "2017-12-12" }, { 120, "2018-01-11" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        glc_date_print(day_of("2017-09-13") + rows[i].days, text);
        assert_string_equal(text, rows[i].to);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_read),
        cmocka_unit_test(instants_are_read),
        cmocka_unit_test(zones_have_the_right_hour),
        cmocka_unit_test(updates_stop_at_the_instant),
        cmocka_unit_test(federal_holidays),
        cmocka_unit_test(business_days),
        cmocka_unit_test(calendar_days_of_the_directive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
