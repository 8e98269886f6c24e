#include "base/diag.h"

#include "base/json.h"

enum { SHOWN = 160 /* bytes of a source line that are shown at most */ };

static const char *severity_name(enum glc_severity s)
{
    switch (s) {
    case GLC_ERROR:
        return "error";
    case GLC_NOT_TAKEN:
        return "unsupported";
    case GLC_WARNING:
        return "warning";
    }
    return "error";
}

/* Show the part of the line around the column, and a caret below it. One byte that cannot be shown is one
 * '?'. */
static void print_source(FILE *out, const struct glc_diag *d)
{
    size_t col = d->column == 0 ? 0 : d->column - 1;
    size_t from = col > SHOWN / 2 ? col - SHOWN / 2 : 0;
    struct glc_span part = glc_span_sub(d->text, from, SHOWN);
    size_t caret = 0, cells = 0;
    fputs("    ", out);
    for (size_t i = 0; i < part.len;) {
        size_t n = glc_utf8_len(glc_span_sub(part, i, 4));
        if (i + from <= col)
            caret = cells;
        if (n == 0 || (n == 1 && (part.ptr[i] < 0x20 || part.ptr[i] == 0x7f))) {
            fputc(part.ptr[i] == '\t' ? ' ' : '?', out);
            n = 1;
        } else {
            fwrite(part.ptr + i, 1, n, out);
        }
        i += n;
        cells++;
    }
    if (col >= from + part.len)
        caret = cells;
    fprintf(out, "\n    %*s^", (int)caret, "");
    for (uint32_t i = 1; i < d->width && caret + i < cells; i++)
        fputc('~', out);
    fputc('\n', out);
}

void glc_diag_print(FILE *out, const struct glc_diag *d, bool colour)
{
    const char *on = !colour ? "" : d->severity == GLC_ERROR ? "\033[31m" : "\033[33m";
    const char *off = colour ? "\033[0m" : "";
    fprintf(out, "%s:", d->file);
    if (d->line != 0)
        fprintf(out, "%u:", d->line);
    if (d->line != 0)
        fprintf(out, "%u:", d->column == 0 ? 1 : d->column);
    fprintf(out, " %s%s%s: %s\n", on, severity_name(d->severity), off, d->message);
    if (d->text.len != 0 && d->column != 0)
        print_source(out, d);
    if (d->hint != NULL)
        fprintf(out, "    hint: %s\n", d->hint);
}
