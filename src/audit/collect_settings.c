/* A settings export of another product, as its console writes it: INI text. It goes over to the other side
 * line by line; what a key means is the register's business there. */
#include "audit/collect.h"

enum {
    LONGEST_FILE = 16 << 20,
    LONGEST_LINE = 4096, /* a part of one fits into a record (answer.h) */
    MOST_FAULTS = 100,
};

struct ini {
    struct glc_audit *a;
    const char *name;
    char section[LONGEST_LINE + 1], key[LONGEST_LINE + 1], value[LONGEST_LINE + 1];
    bool lost; /* the section's name could not be read: whose keys these are is not known */
    size_t faults;
};

static void fault(struct ini *t, size_t line, const char *what)
{
    if (++t->faults < MOST_FAULTS)
        glc_audit_gap(t->a, t->name, "line %zu: %s", line, what);
    else if (t->faults == MOST_FAULTS)
        glc_audit_gap(t->a, t->name, "line %zu: %s; further lines like these are not listed", line, what);
}

static void copy(char *to, struct glc_span s)
{
    memcpy(to, s.len != 0 ? (const void *)s.ptr : "", s.len);
    to[s.len] = '\0';
}

static void take_line(struct ini *t, struct glc_span line, size_t number)
{
    bool section = line.ptr[0] == '[';
    if (section)
        t->lost = line.len > LONGEST_LINE;
    if (line.len > LONGEST_LINE) {
        fault(t, number,
              section ? "a section's name longer than 4096 bytes: its keys are left out"
                      : "longer than 4096 bytes: left out");
        return;
    }
    if (section && line.ptr[line.len - 1] == ']') {
        copy(t->section, glc_span_sub(line, 1, line.len - 2));
        return;
    }
    const uint8_t *eq = memchr(line.ptr, '=', line.len);
    if (eq == NULL || eq == line.ptr) {
        fault(t, number, "neither a [section] nor key=value");
        return;
    }
    if (t->lost)
        return;
    copy(t->key, glc_span_trim(glc_span(line.ptr, (size_t)(eq - line.ptr))));
    copy(t->value, glc_span_trim(glc_span_sub(line, (size_t)(eq - line.ptr) + 1, line.len)));
    glc_audit_setting(t->a, &(struct glc_setting){ t->section, t->key, t->value });
}

static bool is_comment(struct glc_span line)
{
    return line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';';
}

/* Text, and at least one "key=value". */
static bool is_export(struct glc_span text)
{
    struct glc_span line;
    if (text.len == 0 || memchr(text.ptr, 0, text.len) != NULL)
        return false;
    while (glc_line_next(&text, &line)) {
        line = glc_span_trim(line);
        if (!is_comment(line) && glc_ascii_isalnum(line.ptr[0]) && memchr(line.ptr, '=', line.len) != NULL)
            return true;
    }
    return false;
}

void glc_collect_settings(struct glc_audit *a, const char *name, struct glc_span text)
{
    struct ini t = { .a = a, .name = name };
    struct glc_span line;
    if (text.len > LONGEST_FILE) {
        glc_audit_gap(a, name, "not a settings export: larger than 16 MiB");
        return;
    }
    if (glc_span_starts(text, glc_span_str("\xef\xbb\xbf")))
        text = glc_span_sub(text, 3, text.len);
    if (!is_export(text)) {
        glc_audit_gap(a, name,
                      "not a settings export: text of sections and key=value is expected (kesl-control "
                      "--export-settings, without --json)");
        return;
    }
    for (size_t number = 1; glc_line_next(&text, &line); number++) {
        line = glc_span_trim(line);
        if (!is_comment(line))
            take_line(&t, line, number);
    }
}
