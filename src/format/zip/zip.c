/* Finding the members of a zip. See zip.h. */
#include "format/zip/zip.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { LOCAL_HEADER = 30, CENTRAL_RECORD = 46, END_RECORD = 22 };
enum {
    MAX_SHIFTS = 16,     /* end records whose idea of the file's beginning is tried */
    WORK_FACTOR = 6,     /* packed bytes read, over all readings, may be so many times the file… */
    WORK_FREE = 1 << 20, /* … and this much */
};

struct found {
    struct glc_parse *p;
    struct glc_zip_member *member; /* one per local header, in the order of the file */
    size_t members;
    struct glc_zip_record *central;
    size_t centrals;
    struct {
        uint64_t at;    /* of the end record */
        uint64_t bytes; /* before what its directory takes for the beginning */
    } shift[MAX_SHIFTS];
    size_t shifts;
    bool full;
};

/* APPNOTE 4.5.3: sizes that do not fit are in an extra field, in this order, those only that are all ones. */
static void read_zip64(struct glc_zip_record *r, struct glc_span extra)
{
    struct glc_cursor c = glc_cursor(extra);
    while (glc_cursor_ok(&c) && glc_cursor_left(&c) >= 4) {
        uint16_t id = glc_cursor_u16le(&c);
        struct glc_cursor field = glc_cursor_sub(&c, glc_cursor_u16le(&c));
        if (id != 1 || !glc_cursor_ok(&c))
            continue;
        uint64_t *const word[] = { &r->size, &r->packed, &r->local };
        for (size_t i = 0; i < 3; i++) {
            uint64_t v = *word[i] == UINT32_MAX ? glc_cursor_u64le(&field) : *word[i];
            if (glc_cursor_ok(&field))
                *word[i] = v;
        }
    }
}

/* The two records share everything from the flags to the lengths. */
static uint64_t read_common(struct glc_zip_record *r, struct glc_cursor *c)
{
    r->flags = glc_cursor_u16le(c);
    r->method = glc_cursor_u16le(c);
    (void)glc_cursor_u32le(c); /* time and date */
    r->crc = glc_cursor_u32le(c);
    r->packed = glc_cursor_u32le(c);
    r->size = glc_cursor_u32le(c);
    return glc_cursor_u16le(c);
}

/* The local header at `at`, whatever its signature; false where the file ends in it. */
static bool read_local(struct glc_span data, uint64_t at, struct glc_zip_member *m)
{
    struct glc_cursor c = glc_cursor(data);
    (void)glc_cursor_seek(&c, at);
    (void)glc_cursor_skip(&c, 6); /* signature, version */
    struct glc_zip_record r = { .there = true, .at = at };
    uint64_t name = read_common(&r, &c);
    uint64_t extra = glc_cursor_u16le(&c);
    r.name = glc_cursor_span(&c, name);
    struct glc_span fields = glc_cursor_span(&c, extra);
    if (!glc_cursor_ok(&c))
        return false;
    read_zip64(&r, fields);
    *m = (struct glc_zip_member){ .data = c.off, .local = r };
    return true;
}

static bool read_central(struct glc_span data, uint64_t at, struct glc_zip_record *out)
{
    struct glc_cursor c = glc_cursor(data);
    (void)glc_cursor_seek(&c, at);
    (void)glc_cursor_skip(&c, 8); /* signature, two versions */
    struct glc_zip_record r = { .there = true, .at = at };
    uint64_t name = read_common(&r, &c);
    uint64_t extra = glc_cursor_u16le(&c);
    (void)glc_cursor_skip(&c, 10); /* length of the comment, disk, attributes */
    r.local = glc_cursor_u32le(&c);
    r.name = glc_cursor_span(&c, name);
    struct glc_span fields = glc_cursor_span(&c, extra);
    if (!glc_cursor_ok(&c))
        return false;
    read_zip64(&r, fields);
    *out = r;
    return true;
}

/* Where this end record's directory thinks that the file begins: what lies before the directory, less what it
 * says lies there. */
static void read_end(struct found *f, uint64_t at)
{
    struct glc_cursor c = glc_cursor(f->p->data);
    (void)glc_cursor_seek(&c, at);
    (void)glc_cursor_skip(&c, 12);
    uint64_t size = glc_cursor_u32le(&c);
    uint64_t offset = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || size > at || offset > at - size || f->shifts == MAX_SHIFTS)
        return;
    f->shift[f->shifts].at = at;
    f->shift[f->shifts++].bytes = at - size - offset;
}

/* A local header that no directory needs to list: is it one at all, or four bytes of something else? */
static bool plausible(const struct glc_zip_member *m)
{
    enum { LONGEST_NAME = 4096 };
    return m->local.name.len != 0 && m->local.name.len <= LONGEST_NAME &&
           memchr(m->local.name.ptr, 0, m->local.name.len) == NULL;
}

static void take_signature(struct found *f, uint64_t at, const uint8_t *sig)
{
    struct glc_arena *arena = f->p->arena;
    struct glc_zip_member m;
    struct glc_zip_record r;
    if (f->members + f->centrals > f->p->budget->entries * 2) {
        f->full = true;
    } else if (sig[2] == 3 && sig[3] == 4 && read_local(f->p->data, at, &m)) {
        struct glc_zip_member *to = glc_arena_push(arena, &f->member, &f->members, sizeof *to);
        if (to != NULL)
            *to = m;
        f->full = to == NULL;
    } else if (sig[2] == 1 && sig[3] == 2 && read_central(f->p->data, at, &r)) {
        struct glc_zip_record *to = glc_arena_push(arena, &f->central, &f->centrals, sizeof *to);
        if (to != NULL)
            *to = r;
        f->full = to == NULL;
    } else if (sig[2] == 5 && sig[3] == 6) {
        read_end(f, at);
    }
}

/* Every signature in the bytes from `from` on. */
static void find_records(struct found *f, uint64_t from)
{
    struct glc_span data = f->p->data;
    const uint8_t *end = data.ptr + data.len, *at = data.ptr + (from < data.len ? from : data.len);
    while (end - at >= 4 && !f->full && (at = memchr(at, 'P', (size_t)(end - at) - 3)) != NULL) {
        if (at[1] == 'K' && at[2] < 7 && at[3] == at[2] + 1)
            take_signature(f, (uint64_t)(at - data.ptr), at);
        at++;
    }
}

static struct glc_zip_member *member_at(struct found *f, size_t n, uint64_t header)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (f->member[mid].local.at < header)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && f->member[low].local.at == header ? &f->member[low] : NULL;
}

/* A central record belongs to the local header that it means: first as its own end record counts, then as the
 * others do, then plainly; first where the names agree too. */
static struct glc_zip_member *find_local(struct found *f, size_t locals, const struct glc_zip_record *c)
{
    size_t own = 0;
    while (own < f->shifts && f->shift[own].at < c->at)
        own++;
    for (int named = 1; named >= 0; named--) {
        for (size_t i = 0; i <= f->shifts; i++) {
            size_t k = (own + i) % (f->shifts + 1);
            uint64_t header = c->local + (k < f->shifts ? f->shift[k].bytes : 0);
            struct glc_zip_member *m = header < c->local ? NULL : member_at(f, locals, header);
            if (m != NULL && (named == 0 || glc_span_eq(m->local.name, c->name)))
                return m;
        }
    }
    return NULL;
}

/* False: the record leads nowhere. One whose local header lost its signature makes a member of its own, where
 * its name says that a header is there; two directories that disagree on a member make two of it. */
static bool place_central(struct found *f, size_t locals, const struct glc_zip_record *c)
{
    struct glc_zip_member *m = find_local(f, locals, c), bare;
    if (m != NULL && !m->central.there) {
        m->central = *c;
        return true;
    }
    bool found = m != NULL;
    if (found) {
        if (m->central.method == c->method)
            return true;
        bare = *m;
    }
    for (size_t i = 0; i <= f->shifts && !found; i++) {
        uint64_t header = c->local + (i < f->shifts ? f->shift[i].bytes : 0);
        found = header >= c->local && read_local(f->p->data, header, &bare) &&
                glc_span_eq(bare.local.name, c->name);
    }
    if (!found)
        return false;
    struct glc_zip_member *to = glc_arena_push(f->p->arena, &f->member, &f->members, sizeof *to);
    if (to == NULL)
        return false;
    bare.central = *c;
    *to = bare;
    return true;
}

static int by_data(const void *a, const void *b)
{
    const struct glc_zip_member *x = a, *y = b;
    return x->data < y->data ? -1 : x->data > y->data;
}

/* Where the next record of any kind begins after `from`: the bound for a member without a size. */
static uint64_t next_record(const struct found *f, size_t member, uint64_t from)
{
    uint64_t end = f->p->data.len;
    for (size_t i = member + 1; i < f->members; i++)
        if (f->member[i].local.at >= from) {
            end = f->member[i].local.at;
            break;
        }
    size_t low = 0, high = f->centrals; /* in the order of the file */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (f->central[mid].at < from)
            low = mid + 1;
        else
            high = mid;
    }
    return low < f->centrals && f->central[low].at < end ? f->central[low].at : end;
}

static void read_members(struct found *f, bool carving)
{
    struct glc_parse *p = f->p;
    uint64_t work = 0, stored_to = 0;
    uint64_t most = p->data.len > UINT64_MAX / WORK_FACTOR ? UINT64_MAX : p->data.len * WORK_FACTOR;
    most = most > UINT64_MAX - WORK_FREE ? UINT64_MAX : most + WORK_FREE;
    for (size_t i = 0; i < f->members; i++) {
        const struct glc_zip_member *m = &f->member[i];
        bool listed = m->central.there;
        bool again = i != 0 && m->data == m[-1].data && m->central.method == m[-1].central.method;
        if (again || (!listed && !plausible(m)))
            continue;
        /* Inside bytes that were judged as they are: theirs to say what else they hold. */
        if (m->local.at < stored_to && m->data <= stored_to)
            continue;
        if (!listed && !carving && f->centrals != 0)
            p->note(p, "no directory lists this member", m->local.at);
        if (!glc_zip_member_read(p, m, next_record(f, i, m->data), carving, &work, &stored_to))
            return;
        if (work > most) {
            p->unread(p, "limit: overlapping members", m->data);
            return;
        }
    }
}

static void walk(struct glc_parse *p, uint64_t from, bool carving)
{
    struct found f = { .p = p };
    find_records(&f, from);
    size_t locals = f.members;
    for (size_t i = 0; i < f.centrals; i++)
        if (!place_central(&f, locals, &f.central[i]) && !carving && f.central[i].local >= p->data.len)
            p->unread(p, "a listed member lies outside the file", f.central[i].at);
    if (f.full)
        p->unread(p, "limit: entries", 0);
    if (f.members > locals || locals > 1)
        qsort(f.member, f.members, sizeof *f.member, by_data);
    if (f.members != 0)
        read_members(&f, carving);
    else if (!carving && f.centrals != 0)
        p->unread(p, "a directory without members", f.central[0].at);
}

static void parse(struct glc_parse *p)
{
    walk(p, 0, false);
}

/* The first local header's signature, or SIZE_MAX. Every layer that is no zip is searched for it, so that it
 * must go at the speed of memory: sixteen places at once, by the two bytes that are rarest together. */
static size_t find_local_signature(struct glc_span s)
{
    static const uint8_t sig[] = { 'P', 'K', 3, 4 };
    size_t i = 0;
#ifdef __SSE2__
    const __m128i second = _mm_set1_epi8('K'), third = _mm_set1_epi8(3);
    for (; s.len - i >= 16 + sizeof sig; i += 16) {
        __m128i k = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(s.ptr + i + 1)), second);
        __m128i t = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(s.ptr + i + 2)), third);
        if (_mm_movemask_epi8(_mm_and_si128(k, t)) == 0)
            continue;
        size_t hit = glc_span_find(glc_span(s.ptr + i, 16 + sizeof sig - 1), glc_span(sig, sizeof sig));
        if (hit != SIZE_MAX)
            return i + hit;
    }
#endif
    size_t hit = glc_span_find(glc_span_sub(s, i, UINT64_MAX), glc_span(sig, sizeof sig));
    return hit != SIZE_MAX ? i + hit : SIZE_MAX;
}

/* Zips behind something else: a program that unpacks itself, a picture, a document. */
static void carve(struct glc_parse *p)
{
    size_t at = find_local_signature(p->data);
    if (at != SIZE_MAX)
        walk(p, at, true);
}

static const struct glc_magic magic[] = {
    { 0, 4, 90, "PK\3\4" },
    { 0, 4, 85, "PK\5\6" },
    { 0, 8, 90, "PK\7\10PK\3\4" }, /* split archives begin so, and what became of a split of one */
    { 0, 8, 90, "PK00PK\3\4" },
    { 0, 4, 80, "PK\1\2" },
    { 0, 0, 0, NULL },
};

const struct glc_format glc_format_zip = {
    .name = "zip", .cls = GLC_CLASS_ARCHIVE, .magic = magic, .parse = parse, .carve = carve
};
