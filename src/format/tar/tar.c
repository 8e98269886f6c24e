#include "format/tar/tar.h"

#include "base/num.h"
#include "format/unpack/unpack.h"

enum { BLOCK = 512, MAX_SPARSE = 1 << 20 };

/* Fields of a header block: offset and length. */
enum {
    NAME = 0,
    SIZE = 124,
    SIZE_LEN = 12,
    CHECKSUM = 148,
    CHECKSUM_LEN = 8,
    TYPE = 156,
    MAGIC = 257,
    PREFIX = 345,
    PREFIX_LEN = 155,
    SPARSE = 386,
    SPARSE_ENTRY = 24,
    SPARSE_EXTENDED = 482,
    SPARSE_SIZE = 483,
};

/* What the headers before an entry say about it. */
struct ahead {
    struct glc_span name; /* PAX path or GNU long name; empty: none */
    bool has_size;
    uint64_t size;              /* PAX */
    struct glc_span sparse_map; /* GNU.sparse.map */
    bool sparse_in_data;        /* GNU.sparse 1.0: the map comes before the data */
    uint64_t sparse_size;
};

struct walk {
    struct glc_parse *p;
    struct ahead ahead;
    bool ended; /* end blocks were seen */
};

static bool all_zero(const uint8_t *block)
{
    for (size_t i = 0; i < BLOCK; i++)
        if (block[i] != 0)
            return false;
    return true;
}

/* Octal with blanks around, or base-256 where the first bit is set; false where it is neither. */
static bool number(const uint8_t *s, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    if ((s[0] & 0x80) != 0) {
        if (s[0] != 0x80)
            return false; /* negative, or beyond 64 bits */
        for (size_t i = 1; i < n; i++) {
            if (v >> 56 != 0)
                return false;
            v = v << 8 | s[i];
        }
        *out = v;
        return true;
    }
    size_t i = 0;
    while (i < n && (s[i] == ' ' || s[i] == 0))
        i++;
    for (; i < n && s[i] >= '0' && s[i] <= '7'; i++) {
        if (v >> 61 != 0)
            return false;
        v = v << 3 | (uint64_t)(s[i] - '0');
    }
    *out = v;
    return i == n || s[i] == ' ' || s[i] == 0;
}

/* Sums of the block with blanks for the checksum; some writers summed signed characters. */
static bool sum_is_right(const uint8_t *h)
{
    uint64_t said;
    if (!number(h + CHECKSUM, CHECKSUM_LEN, &said) || said == 0) /* most blocks that are none end here */
        return false;
    uint32_t plain = ' ' * CHECKSUM_LEN;
    int64_t odd = ' ' * CHECKSUM_LEN;
    for (size_t i = 0; i < BLOCK; i++) {
        if (i >= CHECKSUM && i < CHECKSUM + CHECKSUM_LEN)
            continue;
        plain += h[i];
        odd += (int8_t)h[i];
    }
    return said == plain || (int64_t)said == odd;
}

static bool has_magic(const uint8_t *h)
{
    return memcmp(h + MAGIC, "ustar", 5) == 0;
}

static bool is_header(const uint8_t *h)
{
    return h[NAME] != 0 && (sum_is_right(h) || has_magic(h));
}

static struct glc_span text(const uint8_t *s, size_t n)
{
    size_t len = 0;
    while (len < n && s[len] != 0)
        len++;
    return glc_span(s, len);
}

/* Records "length key=value\n"; the length counts itself. */
static void read_pax(struct walk *w, struct glc_span s)
{
    struct ahead *a = &w->ahead;
    while (s.len != 0) {
        const uint8_t *blank = memchr(s.ptr, ' ', s.len);
        uint64_t len = 0;
        size_t digits = blank != NULL ? (size_t)(blank - s.ptr) : 0;
        if (blank == NULL || !glc_num_u64(glc_span(s.ptr, digits), &len) || len > s.len || len < digits + 2)
            return;
        struct glc_span record = glc_span(blank + 1, (size_t)len - digits - 2); /* without its newline */
        s = glc_span_sub(s, len, UINT64_MAX);
        const uint8_t *eq = record.len != 0 ? memchr(record.ptr, '=', record.len) : NULL;
        if (eq == NULL)
            continue;
        struct glc_span key = glc_span(record.ptr, (size_t)(eq - record.ptr));
        struct glc_span value = glc_span(eq + 1, record.len - key.len - 1);
        if (glc_span_is(key, "path") || glc_span_is(key, "GNU.sparse.name"))
            a->name = value;
        else if (glc_span_is(key, "size"))
            a->has_size = glc_num_u64(value, &a->size);
        else if (glc_span_is(key, "GNU.sparse.map"))
            a->sparse_map = value;
        else if (glc_span_is(key, "GNU.sparse.major"))
            a->sparse_in_data = glc_span_is(value, "1");
        else if (glc_span_is(key, "GNU.sparse.realsize") || glc_span_is(key, "GNU.sparse.size"))
            (void)glc_num_u64(value, &a->sparse_size);
    }
}

/* A sparse file being put together: runs of data at growing offsets, zeros between. */
struct sparse {
    struct glc_output out;
    struct glc_span data; /* what is left of the packed bytes */
    bool good;
};

static void sparse_run(struct sparse *s, uint64_t offset, uint64_t len)
{
    if (!s->good || offset < s->out.len || offset - s->out.len > MAX_SPARSE * (uint64_t)64) {
        s->good = false;
        return;
    }
    size_t hole = (size_t)(offset - s->out.len);
    uint8_t *to = glc_output_room(&s->out, hole);
    s->good = to != NULL;
    if (to != NULL && hole != 0)
        memset(to, 0, hole);
    struct glc_span run = glc_span_sub(s->data, 0, len);
    s->good = s->good && glc_output_took(&s->out, hole) && glc_output_put(&s->out, run);
    s->data = glc_span_sub(s->data, run.len, UINT64_MAX);
}

/* The next number of a map whose numbers end in `stop`. */
static bool map_number(struct glc_span *s, uint8_t stop, uint64_t *out)
{
    const uint8_t *end = s->len != 0 ? memchr(s->ptr, stop, s->len) : NULL;
    size_t n = end != NULL ? (size_t)(end - s->ptr) : s->len;
    if (!glc_num_u64(glc_span(s->ptr, n), out))
        return false;
    *s = glc_span_sub(*s, n + 1, UINT64_MAX);
    return true;
}

static void sparse_text(struct sparse *s, struct glc_span map, uint8_t stop, uint64_t most)
{
    uint64_t offset, len;
    while (most-- > 0 && s->good && map_number(&map, stop, &offset) && map_number(&map, stop, &len))
        sparse_run(s, offset, len);
}

/* The old GNU form: four runs in the header, 21 in each block that follows while there are more. */
static void sparse_old(struct sparse *s, struct glc_span file, uint64_t header)
{
    const uint8_t *entry = file.ptr + header + SPARSE;
    size_t n = 4;
    uint64_t at = header;
    bool more = file.ptr[header + SPARSE_EXTENDED] != 0;
    for (;;) {
        for (size_t i = 0; i < n; i++) {
            uint64_t offset, len;
            const uint8_t *e = entry + i * SPARSE_ENTRY;
            if (e[0] != 0 && number(e, 12, &offset) && number(e + 12, 12, &len))
                sparse_run(s, offset, len);
        }
        at += BLOCK;
        if (!more || !s->good || at > file.len || file.len - at < BLOCK)
            return;
        entry = file.ptr + at;
        n = 21;
        more = entry[504] != 0;
    }
}

/* Blocks of map behind an old GNU sparse header. */
static uint64_t sparse_blocks(struct glc_span file, uint64_t header)
{
    uint64_t n = 0;
    bool more = file.ptr[header + SPARSE_EXTENDED] != 0;
    for (uint64_t at = header + BLOCK; more && at <= file.len && file.len - at >= BLOCK; at += BLOCK, n++)
        more = file.ptr[at + 504] != 0;
    return n;
}

static bool yield(struct walk *w, struct glc_span data, struct glc_span name, const char *how)
{
    struct glc_child child = { .data = data, .name = name, .how = how, .packed = data.len };
    return data.len == 0 || w->p->yield(w->p, &child);
}

/* The file with its holes, beside the bytes as they lie. */
static bool yield_sparse(struct walk *w, uint64_t header, struct glc_span data, struct glc_span name)
{
    const struct ahead *a = &w->ahead;
    bool old = w->p->data.ptr[header + TYPE] == 'S';
    if (!old && a->sparse_map.len == 0 && !a->sparse_in_data)
        return true;
    struct glc_arena_mark mark = glc_arena_mark(w->p->arena);
    struct sparse s = { .data = data, .good = true };
    glc_output_init(&s.out, w->p, data.len);
    if (old) {
        sparse_old(&s, w->p->data, header);
    } else if (a->sparse_map.len != 0) {
        sparse_text(&s, a->sparse_map, ',', MAX_SPARSE);
    } else {
        struct glc_span map = data;
        uint64_t runs = 0;
        if (map_number(&map, '\n', &runs)) {
            struct glc_span after = map; /* the map ends where its numbers do, rounded up */
            uint64_t skip = 0;
            for (uint64_t i = 0; i < runs * 2 && i < MAX_SPARSE && map_number(&after, '\n', &skip); i++)
                ;
            uint64_t used = data.len - after.len;
            s.data = glc_span_sub(data, (used + BLOCK - 1) / BLOCK * BLOCK, UINT64_MAX);
            sparse_text(&s, map, '\n', runs);
        }
    }
    bool going = yield(w, glc_output_span(&s.out), name, "sparse");
    glc_arena_rewind(w->p->arena, mark);
    return going;
}

/* ustar keeps the front of a long name in another field. */
static struct glc_span entry_name(struct walk *w, const uint8_t *h)
{
    if (w->ahead.name.len != 0)
        return w->ahead.name;
    struct glc_span name = text(h + NAME, 100), front = text(h + PREFIX, PREFIX_LEN);
    if (!has_magic(h) || front.len == 0 || h[MAGIC + 5] != 0)
        return name;
    const char *both = glc_arena_printf(w->p->arena, "%.*s/%.*s", (int)front.len, (const char *)front.ptr,
                                        (int)name.len, (const char *)name.ptr);
    return both != NULL ? glc_span_str(both) : name;
}

static uint64_t blocks_of(uint64_t bytes)
{
    return bytes > UINT64_MAX - BLOCK ? UINT64_MAX / BLOCK * BLOCK : (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

/* Take one entry's data as something that describes the next, or yield it. False: stop. */
static bool take_data(struct walk *w, const uint8_t *h, uint64_t header, struct glc_span data)
{
    switch (h[TYPE]) {
    case 'x':
    case 'X':
    case 'g':
        read_pax(w, data);
        return true;
    case 'L':
        w->ahead.name = text(data.ptr, data.len);
        return true;
    case 'K':
    case 'V':
        return true;
    default: {
        struct glc_span name = entry_name(w, h);
        return yield(w, data, name, "stored") && yield_sparse(w, header, data, name);
    }
    }
}

/* One entry; the offset to go on from, or UINT64_MAX: stop. */
static uint64_t read_entry(struct walk *w, uint64_t at)
{
    struct glc_parse *p = w->p;
    const uint8_t *h = p->data.ptr + at;
    if (!sum_is_right(h))
        p->note(p, "a header's checksum is wrong", at);
    if (w->ended)
        p->note(p, "entries after the end of the archive", at);
    w->ended = false;
    uint64_t size[2] = { 0, 0 };
    size_t sizes = 1;
    if (!number(h + SIZE, SIZE_LEN, &size[0]))
        p->note(p, "a size that is no number", at);
    if (w->ahead.has_size && w->ahead.size != size[0]) {
        p->note(p, "two headers differ on a size", at);
        size[sizes++] = w->ahead.size;
    }
    bool describes = h[TYPE] == 'x' || h[TYPE] == 'X' || h[TYPE] == 'g' || h[TYPE] == 'L' || h[TYPE] == 'K';
    uint64_t data = at + BLOCK, nearest = UINT64_MAX;
    if (h[TYPE] == 'S')
        data += sparse_blocks(p->data, at) * BLOCK;
    /* The header's own size last: for what describes the next entry it is the reading that most programs
     * have. */
    for (size_t i = sizes; i-- > 0;) {
        struct glc_span bytes = glc_span_sub(p->data, data, size[i]);
        if (!take_data(w, h, at, bytes))
            return UINT64_MAX;
        if (bytes.len < size[i] && sizes == 1 && h[TYPE] != '5')
            p->unread(p, "cut short", data);
        uint64_t next = bytes.len < size[i] ? p->data.len : data + blocks_of(size[i]);
        /* A huge size whose data is not there may be the lie: go on right behind the header then. */
        if (bytes.len < size[i])
            next = data;
        nearest = next < nearest ? next : nearest;
    }
    if (!describes)
        w->ahead = (struct ahead){ 0 };
    return nearest;
}

static void parse(struct glc_parse *p)
{
    struct walk w = { .p = p };
    bool lost = false;
    for (uint64_t at = 0; at < p->data.len && p->data.len - at >= BLOCK;) {
        const uint8_t *block = p->data.ptr + at;
        if (is_header(block)) {
            lost = false;
            at = read_entry(&w, at);
            if (at == UINT64_MAX)
                return;
            continue;
        }
        if (all_zero(block)) {
            w.ended = true;
        } else if (!lost) {
            p->note(p, "data that belongs to no entry", at);
            lost = true;
        }
        at += BLOCK;
        if (at % (BLOCK * 2048) == 0 && !glc_budget_time(p->budget)) {
            p->unread(p, "timeout", at);
            return;
        }
    }
}

static int bid(struct glc_span prefix, uint64_t size)
{
    (void)size;
    if (prefix.len < BLOCK || prefix.ptr[NAME] == 0)
        return 0;
    return has_magic(prefix.ptr) ? 85 : sum_is_right(prefix.ptr) && prefix.ptr[CHECKSUM] != 0 ? 70 : 0;
}

const struct glc_format glc_format_tar = {
    .name = "tar", .cls = GLC_CLASS_ARCHIVE, .bid = bid, .parse = parse
};
