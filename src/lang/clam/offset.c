/* Targets and offsets of body signatures. Offsets relative to the entry point or to sections exist for the
 * targets that have such things only (PE, ELF, Mach-O), as clamscan has it. */
#include "lang/clam/body.h"

#include "base/num.h"

#define BIT(c) GLC_CLASS_BIT(GLC_CLASS_##c)

bool glc_clam_target(const struct glc_clam *c, struct glc_span text, unsigned *target, uint32_t *classes)
{
    static const uint32_t of[GLC_CLAM_TARGETS] = {
        [0] = GLC_CLASS_ALL & ~BIT(HTML), /* HTML is looked at in its normalised forms only */
        [1] = BIT(PE),
        [2] = BIT(OLE2),
        [3] = BIT(HTML_NORM),
        [4] = BIT(MAIL),
        [5] = BIT(GRAPHICS),
        [6] = BIT(ELF),
        [7] = BIT(TEXT_NORM),
        [9] = BIT(MACHO),
        [10] = BIT(PDF),
        [11] = BIT(SWF),
        [12] = BIT(JAVA),
        [14] = BIT(DATA) | BIT(DEX) | BIT(ARCHIVE) | BIT(STREAM) | BIT(DISK) | BIT(RTF) | BIT(DOCUMENT) |
               BIT(OTHER),
    };
    uint64_t n;
    if (!glc_num_u64(text, &n))
        return glc_clam_tell(c, GLC_ERROR, text.ptr, text.len, "not a target", "a number from 0 to 14");
    if (n >= GLC_CLAM_TARGETS || of[n] == 0)
        return glc_clam_tell(c, GLC_NOT_TAKEN, text.ptr, text.len, "unknown target",
                             "clamscan 1.4.6 skips it as well");
    *target = (unsigned)n;
    *classes = of[n];
    return true;
}

static bool number(const struct glc_clam *c, struct glc_span text, uint32_t *out)
{
    uint64_t n;
    if (!glc_num_u64(text, &n))
        return glc_clam_wrong(c, text.ptr, "not a number");
    if (n > UINT32_MAX)
        return glc_clam_wrong(c, text.ptr, "number too large");
    *out = (uint32_t)n;
    return true;
}

static struct glc_span after(struct glc_span s, size_t n)
{
    return glc_span(s.ptr + n, s.len - n);
}

static bool starts(struct glc_span s, const char *with)
{
    return glc_span_starts(s, glc_span_str(with));
}

/* Sx+n: section x, 0-based. */
static bool section_offset(const struct glc_clam *c, struct glc_span text, struct glc_anchor *a)
{
    size_t digits = 0;
    while (digits + 1 < text.len && text.ptr[digits + 1] >= '0' && text.ptr[digits + 1] <= '9')
        digits++;
    struct glc_span rest = after(text, 1 + digits);
    uint32_t n;
    if (digits == 0 || rest.len == 0 || rest.ptr[0] != '+')
        return glc_clam_tell(c, GLC_ERROR, text.ptr, text.len, "not an offset", "Sx+n, SEx, SL+n");
    if (!number(c, glc_span(text.ptr + 1, digits), &a->section) || !number(c, after(rest, 1), &n))
        return false;
    a->kind = GLC_FROM_SECTION;
    a->offset = n;
    return true;
}

static bool place(const struct glc_clam *c, struct glc_span text, struct glc_anchor *a)
{
    uint32_t n = 0;
    if (starts(text, "$"))
        return glc_clam_tell(c, GLC_NOT_TAKEN, text.ptr, text.len, "macros are not supported yet", NULL);
    if (starts(text, "EOF-")) {
        a->kind = GLC_FROM_END;
        if (!number(c, after(text, 4), &n))
            return false;
        a->offset = n;
    } else if (starts(text, "EP+") || starts(text, "EP-")) {
        a->kind = GLC_FROM_ENTRY;
        if (text.len > 3 && !number(c, after(text, 3), &n))
            return false;
        a->offset = text.ptr[2] == '-' ? -(int64_t)n : n;
    } else if (starts(text, "SE")) {
        a->kind = GLC_IN_SECTION;
        return number(c, after(text, 2), &a->section);
    } else if (starts(text, "SL+")) {
        a->kind = GLC_FROM_LAST_SECTION;
        if (!number(c, after(text, 3), &n))
            return false;
        a->offset = n;
    } else if (starts(text, "VI")) {
        a->kind = GLC_IN_VERSION_INFO;
        if (text.len != 2)
            return glc_clam_wrong(c, text.ptr + 2, "nothing may follow VI");
    } else if (starts(text, "S")) {
        return section_offset(c, text, a);
    } else {
        a->kind = GLC_FROM_START; /* an empty offset is 0 */
        if (text.len != 0 && (text.ptr[0] < '0' || text.ptr[0] > '9'))
            return glc_clam_tell(c, GLC_ERROR, text.ptr, text.len, "not an offset",
                                 "*, n, EOF-n, EP+n, EP-n, Sx+n, SEx, SL+n or VI, then ,maxshift");
        if (text.len != 0 && !number(c, text, &n))
            return false;
        a->offset = n;
    }
    return true;
}

bool glc_clam_offset(const struct glc_clam *c, struct glc_span text, unsigned target, struct glc_anchor *out)
{
    struct glc_anchor a = { .kind = GLC_ANYWHERE };
    if (glc_span_is(text, "*")) {
        *out = a;
        return true;
    }
    const uint8_t *comma = text.len == 0 ? NULL : memchr(text.ptr, ',', text.len);
    struct glc_span where = comma != NULL ? glc_span(text.ptr, (size_t)(comma - text.ptr)) : text;
    if (!place(c, where, &a))
        return false;
    if (comma != NULL && comma + 1 != text.ptr + text.len &&
        !number(c, after(text, (size_t)(comma + 1 - text.ptr)), &a.shift))
        return false;
    bool relative = a.kind != GLC_FROM_START && a.kind != GLC_FROM_END;
    if (relative && target != 1 && target != 6 && target != 9)
        return glc_clam_tell(c, GLC_ERROR, text.ptr, text.len,
                             "this target has no entry point and no sections", "targets 1, 6 and 9 have");
    *out = a;
    return true;
}
