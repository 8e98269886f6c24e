/* Names that the dynamic linker binds: exports (a trie of edges) and imports (a program of opcodes, or the
 * table of chained fixups). Apple, <mach-o/loader.h>, <mach-o/fixup-chains.h>.
 *
 * A hostile trie may be a graph in which the same nodes are walked by ever more ways: what is walked is
 * bounded by the bytes of the trie, what is kept by MOST_TEXT. */
#include "format/macho/macho.h"
#include "format/macho/macho_module.h"

#include "base/cursor.h"

enum { MOST_NAMES = 1 << 18, MOST_TEXT = 16 << 20, MOST_WAITING = 1 << 16, LONGEST_NAME = 4096 };

struct waiting {
    uint64_t node;
    struct glc_span prefix;
};

struct trie {
    struct glc_span bytes;
    struct glc_arena *a;
    struct glc_values names;
    struct waiting *wait;
    uint32_t waiting;
    size_t text; /* bytes of all prefixes */
};

static bool push(struct trie *t, struct glc_span prefix, struct glc_span edge, uint64_t node)
{
    size_t len = prefix.len + edge.len;
    if (t->waiting == MOST_WAITING || len > LONGEST_NAME || len > MOST_TEXT - t->text)
        return false;
    uint8_t *name = glc_arena_alloc(t->a, len + 1);
    if (name == NULL)
        return false;
    if (prefix.len != 0)
        memcpy(name, prefix.ptr, prefix.len);
    if (edge.len != 0)
        memcpy(name + prefix.len, edge.ptr, edge.len);
    t->text += len;
    t->wait[t->waiting++] = (struct waiting){ node, glc_span(name, len) };
    return true;
}

/* One node: what it exports, then its children. */
static bool visit(struct trie *t, struct waiting at)
{
    struct glc_cursor c = glc_cursor(t->bytes);
    (void)glc_cursor_seek(&c, at.node);
    uint64_t terminal = glc_cursor_uleb(&c);
    if (terminal != 0 && glc_cursor_ok(&c) && t->names.n < MOST_NAMES &&
        !glc_values_add(t->a, &t->names, glc_value_str(at.prefix)))
        return false;
    (void)glc_cursor_skip(&c, terminal);
    uint32_t children = glc_cursor_u8(&c);
    for (uint32_t i = 0; i < children; i++) {
        struct glc_span edge = glc_cursor_cstr(&c, LONGEST_NAME);
        uint64_t node = glc_cursor_uleb(&c);
        if (!glc_cursor_ok(&c) || !push(t, at.prefix, edge, node))
            return false;
    }
    return true;
}

struct glc_value macho_exports(struct glc_arena *a, struct glc_span bytes)
{
    struct trie t = { .bytes = bytes, .a = a, .wait = glc_arena_array(a, MOST_WAITING, sizeof *t.wait) };
    bool go = t.wait != NULL && bytes.len != 0 && push(&t, glc_span(NULL, 0), glc_span(NULL, 0), 0);
    /* The last child first, as YARA-X lists them. A node takes two bytes at least. */
    for (size_t left = bytes.len / 2 + 1; go && t.waiting != 0 && left != 0; left--)
        go = visit(&t, t.wait[--t.waiting]);
    return glc_values_array(&t.names);
}

enum {
    BIND_ORDINAL_ULEB = 0x20,
    BIND_SYMBOL = 0x40,
    BIND_ADDEND = 0x60,
    BIND_SEGMENT = 0x70,
    BIND_ADD_ADDRESS = 0x80,
    BIND_DO_ADD_ADDRESS = 0xa0,
    BIND_DO_TIMES = 0xc0,
    BIND_THREADED = 0xd0
};

void macho_bound(struct glc_arena *a, struct glc_span program, struct glc_values *to)
{
    struct glc_cursor c = glc_cursor(program);
    while (glc_cursor_left(&c) != 0 && glc_cursor_ok(&c) && to->n < MOST_NAMES) {
        uint8_t op = glc_cursor_u8(&c);
        switch (op & 0xf0) {
        case BIND_SYMBOL: {
            struct glc_span name = glc_cursor_cstr(&c, LONGEST_NAME);
            if (glc_cursor_ok(&c) && !glc_values_add(a, to, glc_value_str(name)))
                return;
            break;
        }
        case BIND_DO_TIMES:
            (void)glc_cursor_uleb(&c);
            (void)glc_cursor_uleb(&c);
            break;
        case BIND_ORDINAL_ULEB:
        case BIND_ADDEND: /* signed, of the same length */
        case BIND_SEGMENT:
        case BIND_ADD_ADDRESS:
        case BIND_DO_ADD_ADDRESS:
            (void)glc_cursor_uleb(&c);
            break;
        case BIND_THREADED:
            if ((op & 0x0f) == 0)
                (void)glc_cursor_uleb(&c);
            break;
        default:
            break;
        }
    }
}

void macho_chained(struct glc_arena *a, struct glc_span fixups, struct glc_values *to)
{
    enum { PLAIN = 1, ADDEND = 2, ADDEND_64 = 3 };
    struct glc_cursor c = glc_cursor(fixups);
    (void)glc_cursor_skip(&c, 8);
    uint32_t imports = glc_cursor_u32le(&c), symbols = glc_cursor_u32le(&c), n = glc_cursor_u32le(&c);
    uint32_t form = glc_cursor_u32le(&c), packed = glc_cursor_u32le(&c);
    if (!glc_cursor_ok(&c) || packed != 0 || form < PLAIN || form > ADDEND_64)
        return;
    struct glc_cursor table = glc_cursor(fixups);
    (void)glc_cursor_seek(&table, imports);
    for (uint32_t i = 0; i < n && to->n < MOST_NAMES && glc_cursor_ok(&table); i++) {
        uint32_t at;
        if (form == ADDEND_64) {
            at = (uint32_t)(glc_cursor_u64le(&table) >> 32);
            (void)glc_cursor_skip(&table, 8);
        } else {
            at = glc_cursor_u32le(&table) >> 9;
            (void)glc_cursor_skip(&table, form == ADDEND ? 4 : 0);
        }
        struct glc_cursor name = glc_cursor(fixups);
        (void)glc_cursor_seek(&name, (uint64_t)symbols + at);
        struct glc_span s = glc_cursor_cstr(&name, LONGEST_NAME);
        if (glc_cursor_ok(&table) && glc_cursor_ok(&name) && !glc_values_add(a, to, glc_value_str(s)))
            return;
    }
}
