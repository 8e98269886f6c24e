/* Regular expressions: YARA's own language (manual, "Regular expressions") to a tree.
 *
 * Case is folded here and not afterwards, for [^a] without case excludes A as well. Groups nest up to a cap.
 */
#include "base/hex.h"
#include "lang/yara/parser.h"

#include <stdio.h>

enum {
    MOST_REPEATS = 32767,     /* YARA's own */
    MOST_REPEATS_X = 1 << 24, /* its successor names none */
    MOST_LINE = 200,          /* a lazy dot of more is a jump to YARA */
};

struct regex {
    struct glc_yara_parser *p;
    const struct glc_yara_tok *tok;
    struct glc_span s;
    size_t at;
    uint32_t depth;
    bool nocase, dotall;
    bool greedy, lazy; /* kinds of repeats seen */
};

static struct glc_re *alternation(struct regex *r);

static int peek(const struct regex *r, size_t ahead)
{
    return ahead < r->s.len - r->at ? r->s.ptr[r->at + ahead] : -1;
}

static void *wrong(struct regex *r, size_t at, size_t len, const char *hint, const char *message)
{
    glc_yara_say_inside(r->p, r->tok, r->s.ptr + at, len, hint, message);
    return NULL;
}

static void add_range(uint32_t set[8], unsigned lo, unsigned hi)
{
    for (unsigned c = lo; c <= hi; c++)
        glc_set_add(set, (uint8_t)c);
}

static void invert(uint32_t set[8])
{
    for (int i = 0; i < 8; i++)
        set[i] = ~set[i];
}

/* \w \W \s \S \d \D into `set`; false: another letter. */
static bool class_escape(int c, uint32_t set[8])
{
    uint32_t one[8] = { 0 };
    switch (c | 0x20) {
    case 'w':
        add_range(one, 'a', 'z');
        add_range(one, 'A', 'Z');
        add_range(one, '0', '9');
        glc_set_add(one, '_');
        break;
    case 's':
        add_range(one, '\t', '\r');
        glc_set_add(one, ' ');
        break;
    case 'd':
        add_range(one, '0', '9');
        break;
    default:
        return false;
    }
    if ((c & 0x20) == 0)
        invert(one);
    for (int i = 0; i < 8; i++)
        set[i] |= one[i];
    return true;
}

/* YARA-X: \x{41}; r->at at the brace. -1: complained. */
static int braced_byte(struct regex *r, size_t from)
{
    unsigned v = 0;
    size_t n = 1;
    for (int c; (c = peek(r, n)) >= 0 && glc_hex_digit(c) >= 0 && v <= 0x7f; n++)
        v = v << 4 | (unsigned)glc_hex_digit(c);
    if (n == 1 || peek(r, n) != '}' || v > 0x7f) {
        (void)wrong(r, from, 2, "write \\x and two hex digits", "incomplete escape in a regular expression");
        return -1;
    }
    r->at += n + 1;
    return (int)v;
}

/* The byte that the escape at r->at (behind the backslash) stands for; steps over it. -1: complained. */
static int byte_escape(struct regex *r, bool in_class)
{
    int c = peek(r, 0);
    size_t from = r->at - 1;
    r->at++;
    switch (c) {
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 'f':
        return '\f';
    case 'a':
        return '\a';
    case 'v':
        if (glc_yara_is_x(r->p))
            return '\v';
        return c;
    case 'x': {
        if (peek(r, 0) == '{' && glc_yara_is_x(r->p))
            return braced_byte(r, from);
        int hi = peek(r, 0) < 0 ? -1 : glc_hex_digit(peek(r, 0)),
            lo = peek(r, 1) < 0 ? -1 : glc_hex_digit(peek(r, 1));
        if (hi < 0 || lo < 0) {
            (void)wrong(r, from, 2, "write \\x and two hex digits",
                        "incomplete escape in a regular expression");
            return -1;
        }
        r->at += 2;
        return hi << 4 | lo;
    }
    default:
        if (c >= '0' && c <= '9' && !in_class) {
            (void)wrong(r, from, 2, "write \\x and two hex digits for a byte", "there are no backreferences");
            return -1;
        }
        if (glc_yara_is_x(r->p) && c >= 0 && (glc_ascii_isalnum((uint8_t)c) || c == '<' || c == '>')) {
            (void)wrong(r, from, 2, "YARA-X takes a backslash before letters that mean something only",
                        "unknown escape in a regular expression");
            return -1;
        }
        if (r->p->opt->strict_escape && c >= 0 && glc_ascii_isalnum((uint8_t)c))
            glc_yara_warn_inside(r->p, r->tok, r->s.ptr + from, 2, "it stands for the letter itself",
                                 "unknown escape in a regular expression");
        return c;
    }
}

/* One end of a range, or a class escape (returns 256, added to the set). -1: complained. A class escape that
 * a '-' follows, as in [\w-z], is the letter itself: so YARA does. */
static int class_item(struct regex *r, uint32_t set[8], bool is_end)
{
    int c = peek(r, 0);
    r->at++;
    if (c >= 0x80 && glc_yara_is_x(r->p)) {
        (void)wrong(r, r->at - 1, 1, "a class is of bytes; write \\xHH for one", "not ASCII in a class");
        return -1;
    }
    if (c != '\\')
        return c;
    bool ranged = is_end || (peek(r, 1) == '-' && peek(r, 2) >= 0 && peek(r, 2) != ']' &&
                             !(peek(r, 2) == '-' && glc_yara_is_x(r->p)));
    if (!ranged && class_escape(peek(r, 0), set)) {
        r->at++;
        return 256;
    }
    if ((peek(r, 0) | 0x20) == 'w' || (peek(r, 0) | 0x20) == 's' || (peek(r, 0) | 0x20) == 'd') {
        if (!glc_yara_is_x(r->p))
            return r->s.ptr[r->at++];
        (void)wrong(r, r->at - 1, 2, NULL, "a class is no end of a range");
        return -1;
    }
    return byte_escape(r, true);
}

static void fold(uint32_t set[8])
{
    for (unsigned c = 'a'; c <= 'z'; c++) {
        if (glc_set_has(set, (uint8_t)c) || glc_set_has(set, (uint8_t)(c - 0x20))) {
            glc_set_add(set, (uint8_t)c);
            glc_set_add(set, (uint8_t)(c - 0x20));
        }
    }
}

static bool class_set(struct regex *r, uint32_t out[8]);

/* YARA-X: [:alpha:] and its kin, and whole classes, inside a class. false: complained. */
static bool x_item(struct regex *r, uint32_t set[8], bool *taken)
{
    static const struct {
        const char *name, *ranges; /* pairs of ends */
    } classes[] = {
        { "alnum", "09AZaz" },
        { "alpha", "AZaz" },
        { "ascii", "\001\177" },
        { "blank", "\t\t  " },
        { "cntrl", "\001\037\177\177" },
        { "digit", "09" },
        { "graph", "!~" },
        { "lower", "az" },
        { "print", " ~" },
        { "punct", "!/:@[`{~" },
        { "space", "\t\r  " },
        { "upper", "AZ" },
        { "word", "09AZ__az" },
        { "xdigit", "09AFaf" },
    };
    int c = peek(r, 0);
    *taken = c == '[';
    if (c != '[')
        return true;
    struct glc_span rest = glc_span_sub(r->s, r->at + 1, SIZE_MAX);
    bool negated = rest.len > 1 && rest.ptr[1] == '^';
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        char name[16];
        int n = snprintf(name, sizeof name, ":%s%s:]", negated ? "^" : "", classes[i].name);
        if (!glc_span_starts(rest, glc_span(name, (size_t)n)))
            continue;
        uint32_t one[8] = { 0 };
        for (const char *s = classes[i].ranges; *s != '\0'; s += 2)
            add_range(one, (uint8_t)s[0], (uint8_t)s[1]);
        if (classes[i].ranges[0] == 1) /* NUL ends the string above, and is in these */
            glc_set_add(one, 0);
        if (negated)
            invert(one);
        for (int k = 0; k < 8; k++)
            set[k] |= one[k];
        r->at += 1 + (size_t)n;
        return true;
    }
    r->at++;
    return class_set(r, set);
}

/* What stands for itself at the beginning of a class and begins no range: a ], in YARA-X every -. */
static void leading(struct regex *r, uint32_t set[8])
{
    if (peek(r, 0) == ']') {
        glc_set_add(set, ']');
        r->at++;
        return;
    }
    for (; glc_yara_is_x(r->p) && peek(r, 0) == '-'; r->at++)
        glc_set_add(set, '-');
}

/* YARA-X: A&&B is what is in both, A--B in the first only, A~~B in one of them; the one on the left goes
 * first. */
static int class_operator(const struct regex *r)
{
    int c = peek(r, 0);
    return glc_yara_is_x(r->p) && (c == '&' || c == '-' || c == '~') && peek(r, 1) == c ? c : 0;
}

static void operate(uint32_t left[8], int operator_, const uint32_t right[8])
{
    for (int i = 0; i < 8; i++)
        left[i] = operator_ == '&'   ? left[i] & right[i]
                  : operator_ == '-' ? left[i] & ~right[i]
                  : operator_ == '~' ? left[i] ^ right[i]
                                     : left[i] | right[i];
}

/* A byte, a range or a class escape, to the set. false: complained. */
static bool class_range(struct regex *r, uint32_t set[8])
{
    size_t from = r->at;
    bool taken = false;
    if (glc_yara_is_x(r->p) && !x_item(r, set, &taken))
        return false;
    int lo = taken ? 256 : class_item(r, set, false), hi = lo;
    if (lo == 256)
        return true;
    if (lo >= 0 && peek(r, 0) == '-' && peek(r, 1) >= 0 && peek(r, 1) != ']' && class_operator(r) == 0) {
        r->at++;
        hi = class_item(r, set, true);
    }
    if (lo < 0 || hi < 0)
        return false;
    if (lo > hi)
        return wrong(r, from, r->at - from, NULL, "the range's ends are the wrong way round") != NULL;
    add_range(set, (unsigned)lo, (unsigned)hi);
    return true;
}

/* From behind its [ to behind its ], to the set. false: complained. */
static bool class_set(struct regex *r, uint32_t out[8])
{
    size_t from = r->at - 1;
    uint32_t all[8] = { 0 }, set[8] = { 0 };
    int operator_ = 0, c;
    bool negated = peek(r, 0) == '^';
    if (++r->depth > GLC_YARA_DEPTH)
        return wrong(r, from, 1, NULL, "too many classes inside each other") != NULL;
    if (negated)
        r->at++;
    for (leading(r, set); (c = peek(r, 0)) != ']';) {
        if (c < 0)
            return wrong(r, from, 1, "close it with ]", "this character class does not end") != NULL;
        if (class_operator(r) == 0) {
            if (!class_range(r, set))
                return false;
            continue;
        }
        if (r->nocase)
            fold(set);
        operate(all, operator_, set);
        memset(set, 0, sizeof set);
        operator_ = c;
        r->at += 2;
    }
    r->at++;
    r->depth--;
    if (r->nocase)
        fold(set);
    operate(all, operator_, set);
    if (negated)
        invert(all);
    operate(out, 0, all);
    return true;
}

static struct glc_re *bracket(struct regex *r)
{
    uint32_t set[8] = { 0 };
    return class_set(r, set) ? glc_re_class(r->p->a, set) : NULL;
}

static struct glc_re *literal(struct regex *r, int c)
{
    uint8_t value = (uint8_t)c, mask = 0xff;
    if (r->nocase && (c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        mask = 0xdf;
    return glc_re_bytes(r->p->a, &value, &mask, 1);
}

static struct glc_re *dot(struct regex *r)
{
    uint32_t set[8] = { 0 };
    if (r->dotall)
        return glc_re_gap(r->p->a, 1, 1);
    glc_set_add(set, '\n');
    invert(set);
    return glc_re_class(r->p->a, set);
}

static struct glc_re *escape(struct regex *r)
{
    uint32_t set[8] = { 0 };
    int c = peek(r, 0);
    if (c == 'b' || c == 'B') {
        r->at++;
        if (glc_yara_is_x(r->p))
            return glc_re_assert(r->p->a, c == 'b' ? GLC_AT_WORD_EDGE : GLC_AT_NO_WORD_EDGE);
        return glc_re_assert(r->p->a, c == 'b' ? GLC_AT_EDGE : GLC_AT_NO_EDGE);
    }
    if (class_escape(c, set)) {
        r->at++;
        return glc_re_class(r->p->a, set);
    }
    c = byte_escape(r, false);
    return c < 0 ? NULL : literal(r, c);
}

/* YARA-X: what follows "(?": a name, or flags up to ':' (of this group) or ')' (of what follows: *rest).
 * False: no such thing. */
static bool x_group(struct regex *r, bool *rest)
{
    size_t n = 1;
    *rest = false;
    if (peek(r, n) == 'P')
        n++;
    if (peek(r, n) == '<') {
        size_t name = ++n;
        while (peek(r, n) >= 0 && (glc_ascii_isalnum((uint8_t)peek(r, n)) || peek(r, n) == '_'))
            n++;
        r->at += n + 1;
        return n > name && peek(r, 0) >= 0 && r->s.ptr[r->at - 1] == '>';
    }
    bool on = true, nocase = r->nocase, dotall = r->dotall;
    for (int c; (c = peek(r, n)) != ':' && c != ')'; n++) {
        if (c == '-')
            on = false;
        else if (c == 'i')
            nocase = on;
        else if (c == 's')
            dotall = on;
        else
            return false;
    }
    *rest = peek(r, n) == ')';
    r->at += n + 1;
    r->nocase = nocase;
    r->dotall = dotall;
    return true;
}

static struct glc_re *group(struct regex *r)
{
    size_t from = r->at - 1;
    bool nocase = r->nocase, dotall = r->dotall, rest = false;
    if (++r->depth > GLC_YARA_DEPTH)
        return wrong(r, from, 1, NULL, "too many groups inside each other");
    if (peek(r, 0) == '?' && !(glc_yara_is_x(r->p) && x_group(r, &rest)))
        return wrong(r, from, 2, "groups do not capture anyway; there is no lookaround",
                     "groups that begin with (? are not part of the language");
    if (rest) { /* flags for what follows, up to the end of the group around it */
        r->depth--;
        return glc_re_empty(r->p->a);
    }
    struct glc_re *re = alternation(r);
    if (re == NULL)
        return NULL;
    if (peek(r, 0) != ')')
        return wrong(r, from, 1, "close it with )", "this group does not end");
    r->at++;
    r->depth--;
    r->nocase = nocase;
    r->dotall = dotall;
    return re;
}

static struct glc_re *atom(struct regex *r)
{
    int c = peek(r, 0);
    r->at++;
    switch (c) {
    case '(':
        return group(r);
    case '[':
        return bracket(r);
    case '.':
        return dot(r);
    case '^':
        return glc_re_assert(r->p->a, GLC_AT_START);
    case '$':
        return glc_re_assert(r->p->a, GLC_AT_END);
    case '\\':
        return escape(r);
    case '*':
    case '+':
    case '?':
        return wrong(r, r->at - 1, 1, "write \\ before it to match the character", "nothing to repeat here");
    case '{':
        if (glc_yara_is_x(r->p))
            return wrong(r, r->at - 1, 1, "YARA-X wants \\{ for the character", "nothing to repeat here");
        return literal(r, c);
    default:
        return literal(r, c);
    }
}

static bool number(const struct regex *r, size_t *ahead, uint32_t *out)
{
    uint64_t v = 0;
    size_t from = *ahead;
    for (int c; (c = peek(r, *ahead)) >= '0' && c <= '9'; ++*ahead)
        v = v > MOST_REPEATS_X ? v : v * 10 + (uint64_t)(c - '0');
    *out = (uint32_t)v;
    return *ahead > from;
}

/* {n} {n,} {,m} {n,m} {,} at r->at: its length, or 0. */
static size_t braces(const struct regex *r, uint32_t *min, uint32_t *max)
{
    size_t n = 1;
    bool from = number(r, &n, min);
    if (peek(r, n) == ',') {
        n++;
        bool to = number(r, &n, max);
        if (!to)
            *max = GLC_UNBOUNDED;
        if (!from && !to && glc_yara_is_x(r->p))
            return 0;
    } else if (from) {
        *max = *min;
    } else {
        return 0;
    }
    return peek(r, n) == '}' ? n + 1 : 0;
}

static bool is_dot(const struct glc_re *re)
{
    uint32_t set[8] = { 0 };
    glc_set_add(set, '\n');
    invert(set);
    return re->kind == GLC_RE_GAP || (re->kind == GLC_RE_CLASS && memcmp(re->u.set, set, sizeof set) == 0);
}

/* What follows an atom: a repeat or nothing. */
static struct glc_re *repeated(struct regex *r, struct glc_re *re, bool is_group)
{
    uint32_t min = 0, max = GLC_UNBOUNDED;
    size_t from = r->at, n = 1;
    switch (peek(r, 0)) {
    case '*':
        break;
    case '+':
        min = 1;
        break;
    case '?':
        max = 1;
        break;
    case '{':
        n = braces(r, &min, &max);
        if (n != 0)
            break;
        if (glc_yara_is_x(r->p))
            return wrong(r, from, 1, "a repeat is {n}, {n,}, {,m} or {n,m}; \\{ is the character",
                         "broken repeat");
        return re;
    default:
        return re;
    }
    r->at += n;
    if (max != GLC_UNBOUNDED && min > max)
        return wrong(r, from, n, NULL, "the repeat's bounds are the wrong way round");
    uint32_t most = glc_yara_is_x(r->p) ? MOST_REPEATS_X : MOST_REPEATS;
    if (min > most || (max != GLC_UNBOUNDED && max > most))
        return wrong(r, from, n, glc_yara_is_x(r->p) ? "at most 16777216" : "at most 32767",
                     "the repeat is too large");
    bool lazy = peek(r, 0) == '?';
    if (lazy)
        r->at++;
    *(lazy ? &r->lazy : &r->greedy) = true;
    if (r->lazy && r->greedy)
        return wrong(r, from, r->at - from, "end all repeats with ? or none of them",
                     "greedy and lazy repeats in one regular expression");
    uint32_t ignored;
    if (glc_yara_is_x(r->p) && (max == 0 || re->kind == GLC_RE_ASSERT))
        return min == 0 ? glc_re_empty(r->p->a) : re;
    if (!glc_yara_is_x(r->p) && (peek(r, 0) == '*' || peek(r, 0) == '+' || peek(r, 0) == '?' ||
                                 (peek(r, 0) == '{' && braces(r, &ignored, &ignored) != 0)))
        return wrong(r, r->at, 1, "put parentheses around the inner one", "a repeat of a repeat");
    if (max == 0)
        return wrong(r, from, n, NULL, "a repeat of zero times");
    uint64_t least, longest;
    glc_re_length(re, &least, &longest);
    if (longest == 0 && is_group) /* (\b)*: once is as good as often */
        return min == 0 ? glc_re_empty(r->p->a) : re;
    if (re->kind == GLC_RE_ASSERT)
        return wrong(r, from, n, "^ $ \\b \\B match places, not characters", "nothing to repeat here");
    if (re->kind == GLC_RE_GAP && re->u.gap.min == 1 && re->u.gap.max == 1)
        return glc_re_gap(r->p->a, min, max);
    bool dot = is_dot(re) && from != 0 && r->s.ptr[from - 1] == '.' && r->s.ptr[from] == '{';
    re = glc_re_repeat(r->p->a, re, min, max, lazy);
    if (re != NULL && re->kind == GLC_RE_REPEAT)
        re->u.repeat.jump = lazy && dot && r->depth == 0 && min != max && max > MOST_LINE;
    return re;
}

static struct glc_re *concatenation(struct regex *r)
{
    struct glc_re **kid = NULL;
    size_t kids = 0;
    for (int c; (c = peek(r, 0)) >= 0 && c != '|' && c != ')';) {
        struct glc_re *one = atom(r);
        for (size_t from = SIZE_MAX; one != NULL && r->at != from;) { /* YARA-X: repeats of repeats */
            bool first = from == SIZE_MAX;
            from = r->at;
            one = first || glc_yara_is_x(r->p) ? repeated(r, one, c == '(') : one;
        }
        struct glc_re **slot =
            one == NULL ? NULL : glc_arena_push(r->p->a, &kid, &kids, sizeof(struct glc_re *));
        if (slot == NULL)
            return NULL;
        *slot = one;
    }
    return glc_re_cat(r->p->a, kid, (uint32_t)kids);
}

static struct glc_re *alternation(struct regex *r)
{
    struct glc_re **kid = NULL;
    size_t kids = 0;
    for (;;) {
        size_t from = r->at;
        struct glc_re *one = concatenation(r);
        if (one != NULL && r->at == from && kids == 0 && !glc_yara_is_x(r->p))
            return wrong(r, from == r->s.len && from != 0 ? from - 1 : from, 1,
                         "an empty alternative may stand behind another one only: (a|)",
                         "an empty group or first alternative");
        struct glc_re **slot =
            one == NULL ? NULL : glc_arena_push(r->p->a, &kid, &kids, sizeof(struct glc_re *));
        if (slot == NULL)
            return NULL;
        *slot = one;
        if (peek(r, 0) != '|')
            break;
        r->at++;
    }
    return glc_re_alt(r->p->a, kid, (uint32_t)kids);
}

static bool asks_for_place(const struct glc_re *re)
{
    if (re->kind == GLC_RE_REPEAT)
        return asks_for_place(re->u.repeat.kid);
    for (uint32_t i = 0; (re->kind == GLC_RE_CAT || re->kind == GLC_RE_ALT) && i < re->u.list.n; i++)
        if (asks_for_place(re->u.list.kid[i]))
            return true;
    return re->kind == GLC_RE_ASSERT;
}

/* Where an empty match is preferred, YARA finds only what begins with a byte that it looks for by itself:
 * that of the first thing that may be left out. So x?? is x, x??y?? is x(y??), (a|b|) is (a|b), (a||b) is a,
 * and x*? is nothing. An empty match that depends on its place, as of x??\b, hides later alternatives there
 * only: as the first one it is left as it is, and is the shortest there. NULL: nothing, or (p->failed) no
 * memory. */
static struct glc_re *filled(struct glc_yara_parser *p, struct glc_re *re, bool hides)
{
    uint64_t min, max;
    glc_re_length(re, &min, &max);
    if (min != 0 || (hides && re->kind != GLC_RE_ALT && asks_for_place(re)))
        return re;
    if (re->kind == GLC_RE_REPEAT && re->u.repeat.max == 1)
        return is_dot(re->u.repeat.kid) ? NULL : filled(p, re->u.repeat.kid, hides);
    if (re->kind != GLC_RE_CAT && re->kind != GLC_RE_ALT)
        return NULL;
    uint32_t n = re->u.list.n;
    struct glc_re **kid = glc_arena_array(p->a, n, sizeof(struct glc_re *));
    if (kid == NULL)
        return glc_yara_nomem(p);
    memcpy(kid, re->u.list.kid, n * sizeof(struct glc_re *));
    if (re->kind == GLC_RE_CAT) {
        kid[0] = filled(p, kid[0], hides);
        return kid[0] == NULL ? NULL : glc_re_cat(p->a, kid, n);
    }
    uint32_t ways = 0;
    bool all = true;
    for (uint32_t i = 0; i < n && all; i++) {
        struct glc_re *one = kid[i];
        glc_re_length(one, &min, &max);
        all = min != 0 || asks_for_place(one);
        one = filled(p, one, i == 0);
        if (one != NULL)
            kid[ways++] = one;
    }
    return ways == 0 ? NULL : glc_re_alt(p->a, kid, ways);
}

struct glc_re *glc_yara_filled(struct glc_yara_parser *p, struct glc_re *re)
{
    struct glc_re *some = filled(p, re, false);
    return some != NULL || p->failed ? some : re;
}

/* From the kid `from` of the root to `upto`, as a pattern of its own; NULL: it is no byte long, or no memory.
 */
static struct glc_re *piece(struct glc_yara_parser *p, const struct glc_re *root, uint32_t from,
                            uint32_t upto)
{
    uint64_t min, max;
    struct glc_re *re = glc_re_cat(p->a, root->u.list.kid + from, upto - from);
    if (re == NULL || (re = glc_yara_filled(p, re)) == NULL)
        return glc_yara_nomem(p);
    glc_re_length(re, &min, &max);
    return min != 0 ? re : NULL;
}

struct glc_re *glc_yara_jumps(struct glc_yara_parser *p, struct glc_re *re)
{
    uint32_t n = re->kind == GLC_RE_CAT ? re->u.list.n : 0, kids = 0, from = 0;
    struct glc_re **kid = glc_arena_array(p->a, (size_t)n + 1, sizeof(struct glc_re *));
    if (kid == NULL)
        return glc_yara_nomem(p);
    for (uint32_t i = 0; i <= n; i++) {
        const struct glc_re *one = i < n ? re->u.list.kid[i] : NULL;
        bool jump = one != NULL && one->kind == GLC_RE_REPEAT && one->u.repeat.jump;
        if (!jump && i < n)
            continue;
        if (i > from || i == 0 || i == n) {
            kid[kids] = i > from ? piece(p, re, from, i) : NULL;
            if (kid[kids++] == NULL)
                return NULL;
        }
        if (jump)
            kid[kids++] = glc_re_gap(p->a, one->u.repeat.min, one->u.repeat.max);
        from = i + 1;
    }
    return kids < 2 ? NULL : glc_re_cat(p->a, kid, kids);
}

struct glc_re *glc_yara_regex(struct glc_yara_parser *p, const struct glc_yara_tok *tok, bool nocase,
                              bool *greedy)
{
    struct regex r = { .p = p,
                       .tok = tok,
                       .s = tok->text,
                       .nocase = nocase || (tok->u.integer & GLC_YARA_RE_I) != 0,
                       .dotall = (tok->u.integer & GLC_YARA_RE_S) != 0 };
    struct glc_re *re = alternation(&r);
    if (re != NULL && r.at < r.s.len)
        re = wrong(&r, r.at, 1, "write \\) for the character", "a ) without its (");
    if (re == NULL && !p->failed)
        return glc_yara_nomem(p);
    *greedy = r.greedy;
    return re;
}
