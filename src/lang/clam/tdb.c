/* The target description block of a logical signature: Engine:51-255,Target:1,… Engine comes first, Target is
 * a must. A key that nobody knows makes clamscan skip the signature; here it is named. */
#include "lang/clam/logic.h"

#include "base/num.h"

struct key {
    const char *name;
    enum glc_clam_end (*take)(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out);
};

static bool range(const struct glc_clam *c, struct glc_span text, uint64_t *min, uint64_t *max)
{
    const uint8_t *dash = text.len == 0 ? NULL : memchr(text.ptr, '-', text.len);
    *min = 0; /* "-255" */
    if (dash == NULL ||
        (dash != text.ptr && !glc_num_u64(glc_span(text.ptr, (size_t)(dash - text.ptr)), min)) ||
        !glc_num_u64(glc_span(dash + 1, (size_t)(text.ptr + text.len - dash - 1)), max) || *max > INT64_MAX)
        return glc_clam_tell(c, GLC_ERROR, text.ptr, text.len, "not a range", "two numbers: 1-255");
    return true;
}

/* x NULL: the arena is exhausted. */
static bool demand(const struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out,
                   struct glc_expr *x)
{
    if (x == NULL)
        return false;
    if (out->demands == sizeof out->demand / sizeof out->demand[0])
        return glc_clam_wrong(c, value.ptr, "too many demands in one block");
    out->demand[out->demands++] = x;
    return true;
}

static struct glc_expr *fact(const struct glc_clam *c, enum glc_fact which, enum glc_type type)
{
    struct glc_expr *x = glc_expr_new(c->arena, GLC_X_FACT, type, 0);
    if (x != NULL)
        x->index = which;
    return x;
}

static struct glc_expr *compare(const struct glc_clam *c, enum glc_expr_op op, struct glc_expr *a,
                                struct glc_expr *b)
{
    struct glc_expr *x = a == NULL || b == NULL ? NULL : glc_expr_new(c->arena, op, GLC_T_BOOL, 2);
    if (x != NULL) {
        x->kid[0] = a;
        x->kid[1] = b;
    }
    return x;
}

/* min <= fact <= max */
static enum glc_clam_end within(struct glc_clam *c, struct glc_span value, enum glc_fact which,
                                struct glc_clam_tdb *out)
{
    uint64_t min, max;
    if (!range(c, value, &min, &max))
        return GLC_CLAM_REFUSED;
    struct glc_arena *a = c->arena;
    bool ok = min == 0 && which == GLC_FACT_SIZE;
    if (!ok)
        ok = demand(c, value, out,
                    compare(c, GLC_X_GE, fact(c, which, GLC_T_INT), glc_expr_int(a, (int64_t)min)));
    ok = ok && demand(c, value, out,
                      compare(c, GLC_X_LE, fact(c, which, GLC_T_INT), glc_expr_int(a, (int64_t)max)));
    return ok ? GLC_CLAM_TAKEN : GLC_CLAM_REFUSED;
}

static enum glc_clam_end take_size(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out)
{
    return within(c, value, GLC_FACT_SIZE, out);
}

static enum glc_clam_end take_entry(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out)
{
    return within(c, value, GLC_FACT_CLAM_ENTRY, out);
}

static enum glc_clam_end take_sections(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out)
{
    return within(c, value, GLC_FACT_SECTIONS, out);
}

static enum glc_clam_end take_target(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out)
{
    if (!glc_clam_target(c, value.len == 0 ? glc_span_str("0") : value, &out->target, &out->classes))
        return GLC_CLAM_REFUSED;
    return GLC_CLAM_TAKEN;
}

/* ClamAV's file types, all that clamscan 1.4.6 knows, as formats of ours. */
static const struct {
    const char *theirs, *ours;
} types[] = {
    { "7Z", "7z" },
    { "7ZSFX", "7z" },
    { "ALZ", "alz" },
    { "ARJ", "arj" },
    { "ARJSFX", "arj" },
    { "AUTOIT", "autoit" },
    { "BINARY_DATA", "data" },
    { "BINHEX", "binhex" },
    { "BZ", "bzip2" },
    { "CABSFX", "cab" },
    { "CPIO_CRC", "cpio" },
    { "CPIO_NEWC", "cpio" },
    { "CPIO_ODC", "cpio" },
    { "CPIO_OLD", "cpio" },
    { "CRYPTFF", "cryptff" },
    { "DMG", "dmg" },
    { "EGG", "egg" },
    { "ELF", "elf" },
    { "GIF", "gif" },
    { "GPT", "gpt" },
    { "GRAPHICS", "graphics" },
    { "GZ", "gzip" },
    { "HTML", "html" },
    { "HTML_UTF16", "html" },
    { "HWP3", "hwp3" },
    { "HWPOLE2", "hwpole2" },
    { "IGNORED", "ignored" },
    { "INTERNAL", "internal" },
    { "ISHIELD_MSI", "installshield" },
    { "ISO9660", "iso" },
    { "JAVA", "class" },
    { "JPEG", "jpeg" },
    { "LHA_LZH", "lha" },
    { "LNK", "lnk" },
    { "MACHO", "macho" },
    { "MACHO_UNIBIN", "macho" },
    { "MAIL", "mail" },
    { "MBR", "mbr" },
    { "MHTML", "mhtml" },
    { "MSCAB", "cab" },
    { "MSCHM", "chm" },
    { "MSEXE", "pe" },
    { "MSOLE2", "ole2" },
    { "MSSZDD", "szdd" },
    { "NULSFT", "nsis" },
    { "OLD_TAR", "tar" },
    { "ONENOTE", "onenote" },
    { "OOXML_HWP", "ooxml" },
    { "OOXML_PPT", "ooxml" },
    { "OOXML_WORD", "ooxml" },
    { "OOXML_XL", "ooxml" },
    { "PART_ANY", "partition" },
    { "PART_HFSPLUS", "hfsplus" },
    { "PDF", "pdf" },
    { "PNG", "png" },
    { "POSIX_TAR", "tar" },
    { "PS", "postscript" },
    { "PYTHON_COMPILED", "pyc" },
    { "RAR", "rar" },
    { "RARSFX", "rar" },
    { "RIFF", "riff" },
    { "RTF", "rtf" },
    { "SCRENC", "screnc" },
    { "SCRIPT", "script" },
    { "SIS", "sis" },
    { "SWF", "swf" },
    { "TEXT_ASCII", "text" },
    { "TEXT_UTF16BE", "text" },
    { "TEXT_UTF16LE", "text" },
    { "TEXT_UTF8", "text" },
    { "TIFF", "tiff" },
    { "TNEF", "tnef" },
    { "UDF", "udf" },
    { "UUENCODED", "uuencode" },
    { "XAR", "xar" },
    { "XDP", "xdp" },
    { "XML_HWP", "xml" },
    { "XML_WORD", "xml" },
    { "XML_XL", "xml" },
    { "XZ", "xz" },
    { "ZIP", "zip" },
    { "ZIPSFX", "zip" },
    { "APM", "apm" },
};

/* "" for CL_TYPE_ANY, NULL (told) for one that nobody knows. */
static const char *format_of(const struct glc_clam *c, struct glc_span type)
{
    if (glc_span_is(type, "CL_TYPE_ANY"))
        return "";
    struct glc_span bare = glc_span(type.ptr, 0);
    if (glc_span_starts(type, glc_span_str("CL_TYPE_")))
        bare = glc_span(type.ptr + 8, type.len - 8);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (glc_span_is(bare, types[i].theirs))
            return types[i].ours;
    (void)glc_clam_tell(c, GLC_NOT_TAKEN, type.ptr, type.len, "unknown file type",
                        "clamscan 1.4.6 skips unknown ones as well");
    return NULL;
}

static struct glc_expr *text_of(const struct glc_clam *c, const char *s)
{
    struct glc_expr *x = glc_expr_new(c->arena, GLC_X_STRING, GLC_T_STRING, 0);
    if (x != NULL)
        x->u.text = glc_span_str(s);
    return x;
}

/* The formats around the layer end with these: ">zip>tar". */
static bool demand_path(const struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out,
                        enum glc_expr_op op, const char *path)
{
    struct glc_expr *x =
        path == NULL ? NULL : compare(c, op, fact(c, GLC_FACT_PATH, GLC_T_STRING), text_of(c, path));
    return demand(c, value, out, x);
}

/* The layer lies directly in one of that format; CL_TYPE_ANY: in none, it is the file itself. */
static enum glc_clam_end take_container(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out)
{
    const char *format = format_of(c, value);
    if (format == NULL)
        return GLC_CLAM_REFUSED;
    bool top = *format == '\0';
    const char *path = top ? "" : glc_arena_printf(c->arena, ">%s", format);
    return demand_path(c, value, out, top ? GLC_X_EQ : GLC_X_ENDS, path) ? GLC_CLAM_TAKEN : GLC_CLAM_REFUSED;
}

/* A>B>C: the layers around this one, the innermost last. clamscan lets CL_TYPE_ANY take up no layer where it
 * compares, but asks for as many layers as there are types: A>CL_TYPE_ANY is an A around the layer and
 * anything around that. */
static enum glc_clam_end take_intermediates(struct glc_clam *c, struct glc_span value,
                                            struct glc_clam_tdb *out)
{
    enum { MOST = 16 };
    struct glc_span type[MOST];
    size_t n = glc_clam_split(value, '>', type, MOST), known = 0;
    if (n > MOST) {
        (void)glc_clam_wrong(c, value.ptr, "more than 16 intermediates");
        return GLC_CLAM_REFUSED;
    }
    const char *path = "";
    for (size_t i = 0; i < n && path != NULL; i++) {
        const char *format = format_of(c, type[i]);
        if (format == NULL)
            return GLC_CLAM_REFUSED;
        known += *format != '\0';
        if (*format != '\0')
            path = glc_arena_printf(c->arena, "%s>%s", path, format);
    }
    if (known != 0 && !demand_path(c, value, out, GLC_X_ENDS, path))
        return GLC_CLAM_REFUSED;
    struct glc_expr *around = known == n ? NULL
                                         : compare(c, GLC_X_GE, fact(c, GLC_FACT_AROUND, GLC_T_INT),
                                                   glc_expr_int(c->arena, (int64_t)n));
    return known == n || demand(c, value, out, around) ? GLC_CLAM_TAKEN : GLC_CLAM_REFUSED;
}

/* Says how the file is to be unpacked when the signature matches; we read every file in every way that fits
 * anyhow. */
static enum glc_clam_end take_handler(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out)
{
    (void)out;
    return format_of(c, value) == NULL ? GLC_CLAM_REFUSED : GLC_CLAM_TAKEN;
}

static enum glc_clam_end take_icon(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out)
{
    (void)out;
    (void)glc_clam_tell(c, GLC_NOT_TAKEN, value.ptr, value.len, "icon groups are not supported yet", NULL);
    return GLC_CLAM_REFUSED;
}

static enum glc_clam_end take_engine(struct glc_clam *c, struct glc_span value, struct glc_clam_tdb *out)
{
    (void)out;
    uint64_t min, max;
    if (!range(c, value, &min, &max))
        return GLC_CLAM_REFUSED;
    return min > GLC_CLAM_LEVEL || max < GLC_CLAM_LEVEL ? glc_clam_skip(c, value) : GLC_CLAM_TAKEN;
}

static const struct key keys[] = {
    { "Engine", take_engine },
    { "Target", take_target },
    { "FileSize", take_size },
    { "EntryPoint", take_entry },
    { "NumberOfSections", take_sections },
    { "Container", take_container },
    { "HandlerType", take_handler },
    { "Intermediates", take_intermediates },
    { "IconGroup1", take_icon },
    { "IconGroup2", take_icon },
};

static enum glc_clam_end take(struct glc_clam *c, struct glc_span field, size_t nth, struct glc_clam_tdb *out,
                              bool *target)
{
    const uint8_t *colon = field.len == 0 ? NULL : memchr(field.ptr, ':', field.len);
    if (colon == NULL) {
        (void)glc_clam_tell(c, GLC_ERROR, field.ptr, field.len, "KEY:VALUE is wanted here", NULL);
        return GLC_CLAM_REFUSED;
    }
    struct glc_span name = glc_span(field.ptr, (size_t)(colon - field.ptr));
    struct glc_span value = glc_span(colon + 1, field.len - name.len - 1);
    if (nth != 0 && glc_span_is(name, "Engine")) {
        (void)glc_clam_wrong(c, field.ptr, "Engine must come first");
        return GLC_CLAM_REFUSED;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (glc_span_is(name, keys[i].name)) {
            *target |= i == 1;
            return keys[i].take(c, value, out);
        }
    }
    (void)glc_clam_tell(c, GLC_NOT_TAKEN, name.ptr, name.len, "unknown key",
                        "clamscan 1.4.6 skips the signature as well");
    return GLC_CLAM_REFUSED;
}

enum glc_clam_end glc_clam_tdb(struct glc_clam *c, struct glc_span text, struct glc_clam_tdb *out)
{
    enum { MOST = 32 };
    struct glc_span field[MOST];
    struct glc_clam_tdb tdb = { .classes = GLC_CLASS_ALL };
    bool target = false;
    size_t n = glc_clam_split(text, ',', field, MOST);
    if (n > MOST) {
        (void)glc_clam_wrong(c, text.ptr, "more than 32 fields in the target description");
        return GLC_CLAM_REFUSED;
    }
    for (size_t i = 0; i < n; i++) {
        enum glc_clam_end end = take(c, field[i], i, &tdb, &target);
        if (end != GLC_CLAM_TAKEN)
            return end;
    }
    if (!target) {
        (void)glc_clam_tell(c, GLC_ERROR, text.ptr, text.len, "no Target", NULL);
        return GLC_CLAM_REFUSED;
    }
    for (size_t i = 0; i < n; i++) {
        bool sections = glc_span_starts(field[i], glc_span_str("EntryPoint:")) ||
                        glc_span_starts(field[i], glc_span_str("NumberOfSections:"));
        if (sections && tdb.target != 1 && tdb.target != 6 && tdb.target != 9) {
            (void)glc_clam_wrong(c, field[i].ptr, "this target has no entry point and no sections");
            return GLC_CLAM_REFUSED;
        }
    }
    *out = tdb;
    return GLC_CLAM_TAKEN;
}
