/* A container is a header of 512 bytes,
 * ClamAV-VDB:TIME:VERSION:SIGNATURES:LEVEL:MD5:SIGNATURE:BUILDER:SECONDS padded with blanks, and behind it a
 * tar file of databases, gzipped or not. One member, NAME.info, lists the others as NAME:SIZE:SHA256. Source:
 * the manual's page on signatures and databases, and experiments with sigtool and clamscan 1.4.6.
 *
 * Everything in it is a stranger's: sizes are believed only as far as bytes come, names are never paths. */
#include "lang/clam/container.h"

#include "base/digest.h"
#include "base/hex.h"
#include "base/num.h"

#include <stdlib.h>
#include <string.h>

#include "lang/clam/gunzip.h"

enum {
    HEADER = 512,
    FIELDS = 9,
    MD5_FIELD = 5,
    BLOCK = 512,
    NAME_LEN = 100,
    SIZE = 124,
    SIZE_LEN = 12,
    TYPE = 156,
    STEP = 1 << 20, /* bytes of a member that are unpacked before more room is asked for */
    MOST_MEMBER_MIB = 2048,
    MOST_MEMBERS = 1024,
    MOST_INFO = 1 << 20,
};

struct member {
    char name[NAME_LEN + 1];
    uint64_t size;
    bool file; /* not a folder or a header of its own */
};

/* What a database was, for the list that may stand behind it. */
struct seen {
    char name[NAME_LEN + 1];
    uint8_t sha256[GLC_DIGEST_MAX];
};

/* One walk over the members. */
struct walk {
    struct glc_gunzip *in;
    struct glc_digest *sha256;
    struct seen *seen; /* MOST_MEMBERS */
    unsigned databases;
    struct glc_buf bytes; /* of the member at hand */
    struct glc_buf info;  /* text of the list; empty: none was met */
    const char *why;
};

static enum glc_err wrong(struct walk *w, const char *why)
{
    w->why = why;
    return GLC_CORRUPT;
}

static bool octal(const uint8_t *s, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    while (i < n && s[i] == ' ')
        i++;
    for (; i < n && s[i] >= '0' && s[i] <= '7'; i++)
        v = v << 3 | (uint64_t)(s[i] - '0'); /* 12 digits: 36 bits */
    *out = v;
    return i == n || s[i] == ' ' || s[i] == 0;
}

static enum glc_err exactly(struct walk *w, uint8_t *out, size_t n)
{
    size_t got = 0;
    enum glc_err e = glc_gunzip_read(w->in, out, n, &got);
    if (e == GLC_UNSUPPORTED)
        w->why = "gzipped, and this build cannot unpack";
    return e == GLC_NOMEM || e == GLC_UNSUPPORTED ? e : got == n ? GLC_OK : wrong(w, "cut short or damaged");
}

/* The next header. *end: there is none. */
static enum glc_err next_member(struct walk *w, struct member *m, bool *end)
{
    uint8_t block[BLOCK];
    size_t got = 0;
    enum glc_err e = glc_gunzip_read(w->in, block, BLOCK, &got);
    *end = e != GLC_NOMEM && e != GLC_UNSUPPORTED && (got == 0 || block[0] == 0);
    if (*end)
        return e == GLC_OK || block[0] == 0 ? GLC_OK : wrong(w, "cut short or damaged");
    if (e == GLC_NOMEM)
        return e;
    if (e == GLC_UNSUPPORTED)
        return wrong(w, "gzipped, and this build cannot unpack");
    if (got != BLOCK)
        return wrong(w, "cut short or damaged");
    memcpy(m->name, block, NAME_LEN);
    m->name[NAME_LEN] = 0;
    m->file = block[TYPE] == '0' || block[TYPE] == 0;
    if (!octal(block + SIZE, SIZE_LEN, &m->size))
        return wrong(w, "not a tar file behind the header");
    if (m->file && strchr(m->name, '/') != NULL)
        return wrong(w, "a name in it has a slash");
    return GLC_OK;
}

/* The bytes of a member, and the padding behind them. */
static enum glc_err read_member(struct walk *w, const struct member *m)
{
    uint8_t padding[BLOCK];
    if (m->size > (uint64_t)MOST_MEMBER_MIB << 20)
        return wrong(w, "a database in it is too large");
    w->bytes.len = 0;
    for (uint64_t left = m->size; left != 0;) {
        size_t n = left < STEP ? (size_t)left : STEP;
        uint8_t *room = glc_buf_reserve(&w->bytes, n);
        enum glc_err e = room == NULL ? GLC_NOMEM : exactly(w, room, n);
        if (e != GLC_OK)
            return e;
        w->bytes.len += n;
        left -= n;
    }
    return exactly(w, padding, (size_t)(-m->size % BLOCK));
}

static bool ends_with_info(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && glc_span_ieq(glc_span_str(name + n - 5), glc_span_str(".info"));
}

typedef enum glc_err step_fn(struct walk *w, const struct member *m, void *ctx);

static enum glc_err each(struct walk *w, struct glc_span data, step_fn *step, void *ctx)
{
    w->in = glc_gunzip_new(data);
    enum glc_err e = w->in == NULL ? GLC_NOMEM : GLC_OK;
    unsigned members = 0;
    for (bool end = false; e == GLC_OK && !end;) {
        struct member m;
        e = next_member(w, &m, &end);
        if (e == GLC_OK && !end && members++ == MOST_MEMBERS)
            e = wrong(w, "more than 1,024 databases in it");
        if (e == GLC_OK && !end)
            e = read_member(w, &m);
        if (e == GLC_OK && !end && m.file)
            e = step(w, &m, ctx);
    }
    glc_gunzip_free(w->in);
    w->in = NULL;
    return e;
}

/* The field of number `n` of a line. */
static struct glc_span field(struct glc_span line, unsigned n)
{
    for (; n != 0; n--) {
        const uint8_t *colon = line.len == 0 ? NULL : memchr(line.ptr, ':', line.len);
        size_t cut = colon == NULL ? line.len : (size_t)(colon - line.ptr) + 1;
        line = glc_span_sub(line, cut, line.len - cut);
    }
    const uint8_t *colon = line.len == 0 ? NULL : memchr(line.ptr, ':', line.len);
    return colon == NULL ? line : glc_span(line.ptr, (size_t)(colon - line.ptr));
}

/* The line of the list that is about `name`; empty: none. */
static struct glc_span line_of(struct glc_span info, struct glc_span name)
{
    for (size_t at = 0; at < info.len;) {
        const uint8_t *p = info.ptr + at, *newline = memchr(p, '\n', info.len - at);
        size_t n = newline == NULL ? info.len - at : (size_t)(newline - p);
        at += n + (newline != NULL);
        while (n != 0 && p[n - 1] == '\r')
            n--;
        if (glc_span_eq(field(glc_span(p, n), 0), name))
            return glc_span(p, n);
    }
    return glc_span(NULL, 0);
}

static bool is_hex_of(struct glc_span text, const uint8_t *digest, size_t n)
{
    if (text.len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int hi = glc_hex_digit(text.ptr[2 * i]), lo = glc_hex_digit(text.ptr[2 * i + 1]);
        if (hi < 0 || lo < 0 || digest[i] != (hi << 4 | lo))
            return false;
    }
    return true;
}

static bool is_database(const struct member *m)
{
    return !ends_with_info(m->name) && strcmp(m->name, "COPYING") != 0;
}

/* The first walk: what is in it, and its list. */
static enum glc_err take_down(struct walk *w, const struct member *m, void *ctx)
{
    (void)ctx;
    if (is_database(m)) {
        struct seen *s = &w->seen[w->databases++];
        memcpy(s->name, m->name, sizeof s->name);
        return glc_digest_of(w->sha256, glc_buf_span(&w->bytes), s->sha256) ? GLC_OK : GLC_NOMEM;
    }
    if (!ends_with_info(m->name))
        return GLC_OK;
    w->info.len = 0;
    if (w->bytes.len > MOST_INFO)
        return wrong(w, "the list in it is too long");
    return glc_buf_put(&w->info, w->bytes.ptr, w->bytes.len) ? GLC_OK : GLC_NOMEM;
}

static enum glc_err check_list(struct walk *w)
{
    if (w->info.len == 0)
        return wrong(w, "its list of databases (.info) is missing");
    for (unsigned i = 0; i < w->databases; i++) {
        struct glc_span line = line_of(glc_buf_span(&w->info), glc_span_str(w->seen[i].name));
        if (line.len == 0)
            return wrong(w, "its list does not have every database in it");
        if (!is_hex_of(field(line, 2), w->seen[i].sha256, 32))
            return wrong(w, "a database in it is not the one of its list");
    }
    return GLC_OK;
}

struct handing {
    glc_clam_member_fn *put;
    void *ctx;
};

static enum glc_err hand_on(struct walk *w, const struct member *m, void *ctx)
{
    const struct handing *h = ctx;
    return is_database(m) ? h->put(h->ctx, glc_span_str(m->name), glc_buf_span(&w->bytes)) : GLC_OK;
}

static enum glc_err check_header(struct walk *w, struct glc_span text, bool published)
{
    if (text.len < HEADER || !glc_span_starts(text, glc_span_str("ClamAV-VDB:")))
        return wrong(w, "not a container of ClamAV: its header is missing");
    struct glc_span header = glc_span(text.ptr, HEADER),
                    data = glc_span(text.ptr + HEADER, text.len - HEADER);
    unsigned fields = 1;
    for (size_t i = 0; i < HEADER; i++)
        fields += header.ptr[i] == ':';
    if (fields < FIELDS)
        return wrong(w, "its header is cut short");
    if (data.len == 0)
        return wrong(w, "there is nothing behind its header");
    if (!published)
        return GLC_OK;
    uint8_t digest[GLC_DIGEST_MAX];
    struct glc_digest *md5 = glc_digest_new(GLC_MD5);
    bool done = md5 != NULL && glc_digest_of(md5, data, digest);
    glc_digest_free(md5);
    if (!done)
        return GLC_NOMEM;
    return is_hex_of(field(header, MD5_FIELD), digest, 16)
               ? GLC_OK
               : wrong(w, "its data are not those of its header: the MD5 differs");
}

enum glc_err glc_clam_container(struct glc_span text, bool published, glc_clam_member_fn *put, void *ctx,
                                const char **why)
{
    struct walk w = { .sha256 = glc_digest_new(GLC_SHA256), .seen = calloc(MOST_MEMBERS, sizeof *w.seen) };
    glc_buf_init(&w.bytes, ((size_t)MOST_MEMBER_MIB << 20) + STEP);
    glc_buf_init(&w.info, MOST_INFO);
    struct handing h = { put, ctx };
    enum glc_err e = w.sha256 == NULL || w.seen == NULL ? GLC_NOMEM : check_header(&w, text, published);
    struct glc_span data = e == GLC_OK ? glc_span(text.ptr + HEADER, text.len - HEADER) : glc_span(NULL, 0);
    if (e == GLC_OK)
        e = each(&w, data, take_down, NULL);
    if (e == GLC_OK)
        e = check_list(&w);
    if (e == GLC_OK)
        e = each(&w, data, hand_on, &h);
    glc_digest_free(w.sha256);
    free(w.seen);
    glc_buf_done(&w.bytes);
    glc_buf_done(&w.info);
    if (e == GLC_CORRUPT)
        *why = w.why;
    return e;
}
