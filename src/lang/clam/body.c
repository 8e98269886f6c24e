/* Bodies: hex digits, ?? a? ?a, * {n} {-n} {n-} {n-m}, [x-y], (aa|bb), !(aa|bb), (B) (L) (W).
 *
 * What they mean is what clamscan 1.4.6 does (docs/clamav-semantics.md): (B), (L) and (W) look at the byte
 * before where they stand first (or are at the start of the data), at the byte behind where they stand last
 * (or are at its end), and take a byte where they stand in between. {n} does not grow with the wide modifier,
 * ?? does. Wildcards between parts must leave parts of two bytes or more, so that there is something to
 * search for.
 *
 * Hostile lines: nesting is capped, and so is what a negation may grow to. */
#include "lang/clam/body.h"

#include "base/hex.h"
#include "base/num.h"

enum {
    MOST_NESTED = 8,
    MOST_NEGATED = 64,         /* alternatives in !( ), one bit each */
    LONGEST_NEGATED = 255,     /* bytes of one */
    MOST_NEGATED_NODES = 4096, /* nodes that one !( ) may become */
    LEAST_PART = 2,            /* positions between wildcards */
    LONGEST_INNER_GAP = 127,   /* {n} up to here counts as that many ?? and does not end a part */
    MOST_BRACKET = 32,         /* [x-y] */
};

struct body {
    const struct glc_clam *c;
    const uint8_t *p, *end;
    bool wide;
    uint8_t *value, *mask; /* the run of bytes being read; room for as many as the text has pairs */
    uint32_t run;
    struct glc_re **item; /* what the top level consists of */
    size_t items;
    uint32_t part, fixed; /* positions in the part being read, and those that are not ?? */
    bool lead_any;        /* begins with (B), (L) or (W) */
    struct glc_re *lead, *trail;
    unsigned depth;
    unsigned nodes; /* of the negation being built */
};

static bool wrong(const struct body *b, const uint8_t *at, const char *message)
{
    return glc_clam_wrong(b->c, at, message);
}

/* ---- items of the top level */

static bool push(struct body *b, struct glc_re *re)
{
    struct glc_re **slot =
        re == NULL ? NULL : glc_arena_push(b->c->arena, &b->item, &b->items, sizeof(struct glc_re *));
    if (slot == NULL)
        return false;
    *slot = re;
    return true;
}

/* Gaps count raw bytes: only what goes through here is widened. */
static bool push_bytes(struct body *b, struct glc_re *re)
{
    if (re != NULL && b->wide)
        re = glc_re_wide(b->c->arena, re);
    return push(b, re);
}

static bool flush_run(struct body *b)
{
    if (b->run == 0)
        return true;
    uint32_t n = b->run;
    b->run = 0;
    return push_bytes(b, glc_re_bytes(b->c->arena, b->value, b->mask, n));
}

/* ---- bytes */

static int nibble(uint8_t c, uint8_t *mask)
{
    int v = glc_hex_digit(c);
    *mask = c == '?' ? 0 : 15;
    return c == '?' ? 0 : v;
}

/* The two characters at `p` as a masked byte. */
static bool pair(const struct body *b, const uint8_t *p, const uint8_t *end, uint8_t *value, uint8_t *mask)
{
    uint8_t hi_mask, lo_mask;
    int hi = nibble(p[0], &hi_mask);
    if (hi < 0)
        return wrong(b, p, "not a hex digit or wildcard");
    int lo = end - p < 2 ? -1 : nibble(p[1], &lo_mask);
    if (lo < 0)
        return wrong(b, p, "an odd hex digit");
    *value = (uint8_t)(hi << 4 | lo);
    *mask = (uint8_t)(hi_mask << 4 | lo_mask);
    return true;
}

static bool take_pair(struct body *b)
{
    if (!pair(b, b->p, b->end, &b->value[b->run], &b->mask[b->run]))
        return false;
    b->fixed += b->mask[b->run] != 0;
    b->part += 1 + b->wide;
    b->run++;
    b->p += 2;
    return true;
}

/* ---- gaps */

static bool bound(const struct body *b, struct glc_span text, uint32_t *out)
{
    uint64_t n;
    if (!glc_num_u64(text, &n))
        return wrong(b, text.ptr, "not a number of bytes");
    if (n >= GLC_UNBOUNDED)
        return wrong(b, text.ptr, "number of bytes too large");
    *out = (uint32_t)n;
    return true;
}

/* "n", "n-m", "-m", "n-", "-" or nothing, up to `close`; leaves b->p behind it. */
static bool range(struct body *b, char close, uint32_t *min, uint32_t *max)
{
    const uint8_t *open = b->p;
    const uint8_t *stop = memchr(open, close, (size_t)(b->end - open));
    if (stop == NULL)
        return wrong(b, open, close == '}' ? "{ is not closed" : "[ is not closed");
    struct glc_span text = glc_span(open + 1, (size_t)(stop - open - 1));
    const uint8_t *dash = text.len == 0 ? NULL : memchr(text.ptr, '-', text.len);
    struct glc_span lo = dash != NULL ? glc_span(text.ptr, (size_t)(dash - text.ptr)) : text;
    struct glc_span hi = dash != NULL ? glc_span(dash + 1, (size_t)(stop - dash - 1)) : text;
    *min = 0;
    *max = GLC_UNBOUNDED;
    if ((lo.len != 0 && !bound(b, lo, min)) || (hi.len != 0 && !bound(b, hi, max)))
        return false;
    if (*min > *max)
        return wrong(b, open, "the range ends before it begins");
    b->p = stop + 1;
    return true;
}

static bool end_part(struct body *b, const uint8_t *at)
{
    if (b->part < LEAST_PART)
        return glc_clam_tell(b->c, GLC_ERROR, at, 1,
                             "too short: two bytes or more must stand between wildcards", NULL);
    if (b->fixed == 0)
        return wrong(b, at, "nothing but wildcards to look for");
    b->part = b->fixed = 0;
    return true;
}

static bool take_gap(struct body *b)
{
    const uint8_t *at = b->p;
    uint32_t min = 0, max = GLC_UNBOUNDED;
    if (*at == '*')
        b->p++;
    else if (!range(b, '}', &min, &max))
        return false;
    if (max == 0)
        max = GLC_UNBOUNDED; /* {0} and {-0} are *, as with clamscan */
    if (min == max && min <= LONGEST_INNER_GAP)
        b->part += min; /* so many ?? */
    else if (!end_part(b, at))
        return false;
    else if (b->p == b->end)
        return wrong(b, at, "a wildcard at the end");
    else if (*b->p == '*' && *at == '*')
        return wrong(b, b->p, "two wildcards in a row");
    return flush_run(b) && push(b, glc_re_gap(b->c->arena, min, max));
}

/* [x-y]: a gap with a single byte on one side. */
static bool take_bracket(struct body *b)
{
    const uint8_t *at = b->p;
    uint32_t min, max;
    if (!range(b, ']', &min, &max))
        return false;
    if (min > MOST_BRACKET || (max > MOST_BRACKET && max != GLC_UNBOUNDED))
        return wrong(b, at, "[x-y] goes up to 32");
    if (max == GLC_UNBOUNDED)
        max = min; /* [x-] */
    if (b->part == 0 || b->p == b->end)
        return wrong(b, at, "[x-y] stands between bytes");
    if (!flush_run(b))
        return false;
    if (max != 0 && !push(b, glc_re_gap(b->c->arena, min, max)))
        return false;
    return true;
}

/* ---- (B) (L) (W) */

enum side { BEFORE, BEHIND, BETWEEN };

/* The bytes that satisfy a marker; measured, see docs/clamav-semantics.md. */
static void marker_set(uint8_t marker, enum side side, uint32_t set[8])
{
    static const char before[] = " -./<@_", behind[] = "\n\r \"'-/=>_";
    memset(set, 0, 8 * sizeof *set);
    if (marker == 'L') {
        glc_set_add(set, '\n');
    } else if (marker == 'W') {
        for (unsigned c = 0; c < 256; c++)
            if (!glc_ascii_isalnum((uint8_t)c))
                glc_set_add(set, (uint8_t)c);
    } else {
        for (const char *s = before; side != BEHIND && *s != '\0'; s++)
            glc_set_add(set, (uint8_t)*s);
        for (const char *s = behind; side != BEFORE && *s != '\0'; s++)
            glc_set_add(set, (uint8_t)*s);
    }
}

static struct glc_re *marker(const struct body *b, uint8_t kind, bool negated, enum side side)
{
    static const uint8_t crlf[2] = { '\r', '\n' };
    struct glc_arena *a = b->c->arena;
    uint32_t set[8];
    marker_set(kind, negated && side == BEFORE ? BETWEEN : side, set);
    bool line_end = kind == 'L' && side == BEHIND;
    if (negated && line_end)
        glc_set_add(set, '\r');
    for (unsigned i = 0; negated && i < 8; i++)
        set[i] = ~set[i];
    struct glc_re *one = glc_re_class(a, set);
    if (!negated && kind == 'L' && side != BEFORE)
        return glc_re_alt(a, (struct glc_re *[]){ one, glc_re_bytes(a, crlf, NULL, 2) }, 2);
    if (!negated || !line_end)
        return one;
    /* A CR is no line end where no LF follows it. */
    uint32_t no_lf[8];
    memset(no_lf, 0xff, sizeof no_lf);
    no_lf['\n' >> 5] &= ~((uint32_t)1 << ('\n' & 31));
    struct glc_re *rest[2] = { glc_re_class(a, no_lf), glc_re_assert(a, GLC_AT_END) };
    struct glc_re *cr[2] = { glc_re_bytes(a, crlf, NULL, 1), glc_re_alt(a, rest, 2) };
    return glc_re_alt(a, (struct glc_re *[]){ one, glc_re_cat(a, cr, 2) }, 2);
}

/* Takes the marker at b->p where there is one. */
static bool is_marker(const struct body *b, bool negated)
{
    const uint8_t *p = b->p + negated;
    return b->end - p >= 3 && p[0] == '(' && (p[1] == 'B' || p[1] == 'L' || p[1] == 'W') && p[2] == ')';
}

static bool take_marker(struct body *b, bool negated)
{
    struct glc_arena *a = b->c->arena;
    uint8_t kind = b->p[negated + 1];
    bool first = b->items == 0 && b->run == 0 && b->lead == NULL;
    b->p += negated + 3;
    if (first) {
        b->lead = marker(b, kind, negated, BEFORE);
        b->lead_any = !negated;
        return b->lead != NULL;
    }
    if (!flush_run(b))
        return false;
    if (b->p != b->end) {
        b->part++;
        b->fixed++;
        return push(b, marker(b, kind, negated, BETWEEN));
    }
    struct glc_re *kid[2] = { marker(b, kind, negated, BEHIND), glc_re_assert(a, GLC_AT_END) };
    b->trail = negated ? kid[0] : glc_re_alt(a, kid, 2);
    return b->trail != NULL;
}

/* ---- alternatives */

static struct glc_re *alternatives(struct body *b);

/* The bytes up to the next character that is not part of one. NULL: told or no memory. */
static struct glc_re *inner_bytes(struct body *b)
{
    const uint8_t *stop = b->p;
    while (stop < b->end && (*stop == '?' || glc_hex_digit(*stop) >= 0))
        stop++;
    size_t room = (size_t)(stop - b->p) / 2;
    if (stop == b->p || (stop - b->p) % 2 != 0) {
        (void)wrong(b, stop == b->p ? stop : stop - 1,
                    stop == b->p ? "not a hex digit or wildcard" : "an odd hex digit");
        return NULL;
    }
    uint8_t *value = glc_arena_array(b->c->arena, room, 2);
    if (value == NULL)
        return NULL;
    for (size_t i = 0; i < room; i++, b->p += 2)
        if (!pair(b, b->p, stop, &value[i], &value[room + i]))
            return NULL;
    return glc_re_bytes(b->c->arena, value, value + room, (uint32_t)room);
}

/* {n} inside ( ). */
static struct glc_re *inner_gap(struct body *b)
{
    const uint8_t *at = b->p;
    uint32_t min = 0, max = GLC_UNBOUNDED;
    if (*at == '{' && !range(b, '}', &min, &max))
        return NULL;
    if (min != max || min > LONGEST_INNER_GAP) {
        (void)wrong(b, at, "an alternative may hold wildcards of fixed length only");
        return NULL;
    }
    return min == 0 ? glc_re_empty(b->c->arena) : glc_re_gap(b->c->arena, min, min);
}

/* One branch of ( ): bytes, {n} and further ( ). NULL: told or no memory. */
static struct glc_re *branch(struct body *b)
{
    struct glc_re **item = NULL;
    size_t items = 0;
    while (b->p < b->end && *b->p != '|' && *b->p != ')') {
        struct glc_re *next = *b->p == '('                   ? alternatives(b)
                              : *b->p == '{' || *b->p == '*' ? inner_gap(b)
                                                             : inner_bytes(b);
        struct glc_re **slot =
            next == NULL ? NULL : glc_arena_push(b->c->arena, &item, &items, sizeof(struct glc_re *));
        if (slot == NULL)
            return NULL;
        *slot = next;
    }
    return glc_re_cat(b->c->arena, item, (uint32_t)items);
}

/* ( … | … ) at b->p. NULL: told or no memory. */
static struct glc_re *alternatives(struct body *b)
{
    const uint8_t *open = b->p;
    struct glc_re **kid = NULL;
    size_t kids = 0;
    if (++b->depth > MOST_NESTED) {
        (void)wrong(b, open, "alternatives are nested too deeply");
        return NULL;
    }
    do {
        b->p++;
        const uint8_t *at = b->p;
        struct glc_re *one = branch(b);
        if (one == NULL)
            return NULL;
        if (b->p == at && b->p < b->end && *b->p == ')' && kids == 0) {
            (void)wrong(b, open, "no alternatives between ( and )");
            return NULL;
        }
        if (b->p == at && b->p < b->end)
            continue; /* an empty alternative says nothing, as with clamscan */
        struct glc_re **slot = glc_arena_push(b->c->arena, &kid, &kids, sizeof(struct glc_re *));
        if (slot == NULL)
            return NULL;
        *slot = one;
    } while (b->p < b->end && *b->p == '|');
    if (b->p == b->end) {
        (void)wrong(b, open, "( is not closed");
        return NULL;
    }
    b->p++;
    b->depth--;
    return glc_re_alt(b->c->arena, kid, (uint32_t)kids);
}

/* ---- negated alternatives: as many bytes, but none of them */

struct negation {
    struct glc_span text[MOST_NEGATED]; /* hex */
    uint32_t n, len;                    /* alternatives; bytes in each */
};

static bool negated_list(struct body *b, struct negation *neg)
{
    const uint8_t *open = b->p + 1;
    const uint8_t *stop = memchr(open, ')', (size_t)(b->end - open));
    if (stop == NULL)
        return wrong(b, open, "( is not closed");
    size_t n = glc_clam_split(glc_span(open + 1, (size_t)(stop - open - 1)), '|', neg->text, MOST_NEGATED);
    if (n > MOST_NEGATED)
        return wrong(b, open, "more than 64 negated alternatives");
    neg->n = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        struct glc_span s = neg->text[i];
        if (s.len == 0 || s.len != neg->text[0].len)
            return wrong(b, s.ptr, "negated alternatives must be of one length");
        for (size_t k = 0; k < s.len; k++)
            if (glc_hex_digit(s.ptr[k]) < 0)
                return wrong(b, s.ptr + k, "negated alternatives hold hex digits only");
        if (s.len % 2 != 0)
            return wrong(b, s.ptr, "an odd hex digit");
    }
    if (neg->text[0].len > (size_t)2 * LONGEST_NEGATED)
        return wrong(b, open, "negated alternatives are too long");
    neg->len = (uint32_t)(neg->text[0].len / 2);
    b->p = stop + 1;
    return true;
}

static uint8_t byte_of(const struct negation *neg, uint32_t which, uint32_t at)
{
    const uint8_t *p = neg->text[which].ptr + 2 * (size_t)at;
    return (uint8_t)(glc_hex_digit(p[0]) << 4 | glc_hex_digit(p[1]));
}

/* What differs from every alternative in `left` (a set of them that agree so far) from byte `at` on.
 * Recursion is as deep as an alternative is long, at most 255. */
static struct glc_re *differs(struct body *b, const struct negation *neg, uint64_t left, uint32_t at)
{
    struct glc_arena *a = b->c->arena;
    if (++b->nodes > MOST_NEGATED_NODES) {
        (void)wrong(b, b->p - 1, "negated alternatives are too many");
        return NULL;
    }
    uint32_t other[8];
    memset(other, 0xff, sizeof other);
    struct glc_re *kid[1 + MOST_NEGATED];
    uint32_t kids = 1;
    for (uint64_t rest = left; rest != 0;) {
        uint8_t byte = byte_of(neg, (uint32_t)__builtin_ctzll(rest), at);
        uint64_t same = 0;
        for (uint64_t r = rest; r != 0; r &= r - 1)
            if (byte_of(neg, (uint32_t)__builtin_ctzll(r), at) == byte)
                same |= r & (~r + 1);
        rest &= ~same;
        other[byte >> 5] &= ~((uint32_t)1 << (byte & 31));
        if (at + 1 == neg->len)
            continue;
        struct glc_re *tail = differs(b, neg, same, at + 1);
        if (tail == NULL)
            return NULL;
        kid[kids++] = glc_re_cat(a, (struct glc_re *[]){ glc_re_bytes(a, &byte, NULL, 1), tail }, 2);
    }
    static const uint8_t nothing[LONGEST_NEGATED];
    struct glc_re *any[2] = { glc_re_class(a, other), glc_re_bytes(a, nothing, nothing, neg->len - at - 1) };
    kid[0] = glc_re_cat(a, any, 2);
    return glc_re_alt(a, kid, kids);
}

static bool take_group(struct body *b)
{
    bool negated = *b->p == '!';
    if (negated && (b->end - b->p < 2 || b->p[1] != '('))
        return wrong(b, b->p, "! stands before (");
    if (is_marker(b, negated))
        return take_marker(b, negated);
    struct glc_re *re;
    if (negated) {
        struct negation neg;
        b->nodes = 0;
        if (!negated_list(b, &neg))
            return false;
        re = differs(b, &neg, neg.n == 64 ? UINT64_MAX : ((uint64_t)1 << neg.n) - 1, 0);
    } else {
        re = alternatives(b);
    }
    b->part++;
    b->fixed++;
    return re != NULL && flush_run(b) && push_bytes(b, re);
}

static bool take_next(struct body *b)
{
    switch (*b->p) {
    case '*':
    case '{':
        return take_gap(b);
    case '[':
        return take_bracket(b);
    case '!':
    case '(':
        return take_group(b);
    default:
        return take_pair(b);
    }
}

/* One reading of the whole text: plain or wide. */
static struct glc_re *read_body(const struct glc_clam *c, struct glc_span hex, bool wide, struct body *b)
{
    size_t room = hex.len / 2 + 1;
    *b = (struct body){ .c = c, .p = hex.ptr, .end = hex.ptr + hex.len, .wide = wide };
    b->value = glc_arena_array(c->arena, room, 2);
    if (b->value == NULL)
        return NULL;
    b->mask = b->value + room;
    while (b->p < b->end)
        if (!take_next(b))
            return NULL;
    if (!end_part(b, hex.ptr + (hex.len == 0 ? 0 : hex.len - 1)) || !flush_run(b))
        return NULL;
    return glc_re_cat(c->arena, b->item, (uint32_t)b->items);
}

/* The byte before a body that begins with a marker belongs to the match: where the place is bound, it moves
 * one to the left, and the start of the data counts only where it can be meant. */
static struct glc_re *with_lead(const struct body *b, struct glc_anchor *at, struct glc_re *re)
{
    struct glc_arena *a = b->c->arena;
    struct glc_re *start = glc_re_assert(a, GLC_AT_START), *lead = b->lead;
    bool from_start = at->kind == GLC_FROM_START && at->offset == 0;
    if (b->lead_any && from_start && at->shift == 0)
        lead = start;
    else if (b->lead_any && (at->kind == GLC_ANYWHERE || from_start))
        lead = glc_re_alt(a, (struct glc_re *[]){ start, lead }, 2);
    if (from_start)
        at->shift -= at->shift != 0;
    else if (at->kind == GLC_FROM_END)
        at->offset++;
    else
        at->offset--;
    return glc_re_cat(a, (struct glc_re *[]){ lead, re }, 2);
}

static bool add_variant(const struct glc_clam *c, struct glc_span hex, const struct glc_clam_modifiers *mod,
                        bool wide, struct glc_pattern *p, struct glc_anchor *at)
{
    struct body b;
    struct glc_re *re = read_body(c, hex, wide, &b);
    if (re == NULL)
        return false;
    if (mod->nocase)
        re = glc_re_nocase(c->arena, re);
    if (re != NULL && b.trail != NULL)
        re = glc_re_cat(c->arena, (struct glc_re *[]){ re, b.trail }, 2);
    if (re != NULL && b.lead != NULL)
        re = with_lead(&b, at, re);
    p->variant[p->variants++] = (struct glc_variant){ .re = re, .wide = wide, .fullword = mod->fullword };
    return re != NULL;
}

bool glc_clam_body(const struct glc_clam *c, struct glc_span hex, const struct glc_clam_modifiers *mod,
                   struct glc_pattern *p)
{
    bool plain = !mod->wide || mod->ascii;
    struct glc_anchor first = p->anchor, second = p->anchor;
    p->variant = glc_arena_array(c->arena, (size_t)plain + mod->wide, sizeof *p->variant);
    if (p->variant == NULL)
        return false;
    p->variants = 0;
    if (plain && !add_variant(c, hex, mod, false, p, &first))
        return false;
    if (mod->wide && !add_variant(c, hex, mod, true, p, plain ? &second : &first))
        return false;
    p->anchor = first; /* the same for both */
    return true;
}
