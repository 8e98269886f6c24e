/* The lexer. Facts: the manual's chapters on identifiers, keywords, comments, numbers and strings.
 *
 * Rule files come from strangers: every step looks at what is left first, nothing is copied, so that a line
 * of 2 GB costs no more than its reading. */
#include "lang/yara/lex.h"

#include "base/hex.h"
#include "rule/expr.h"

#include <stdio.h>
#include <stdlib.h>

struct keyword {
    const char *name;
    enum glc_yara_kind kind;
    int64_t value;
    bool x_only;
};

/* Sorted by name. */
static const struct keyword keywords[] = {
    { "all", GLC_YT_ALL, 0, false },
    { "and", GLC_YT_AND, 0, false },
    { "any", GLC_YT_ANY, 0, false },
    { "ascii", GLC_YT_ASCII, 0, false },
    { "at", GLC_YT_AT, 0, false },
    { "base64", GLC_YT_BASE64, 0, false },
    { "base64wide", GLC_YT_BASE64WIDE, 0, false },
    { "condition", GLC_YT_CONDITION, 0, false },
    { "contains", GLC_YT_CONTAINS, 0, false },
    { "defined", GLC_YT_DEFINED, 0, false },
    { "endswith", GLC_YT_ENDSWITH, 0, false },
    { "entrypoint", GLC_YT_ENTRYPOINT, 0, false },
    { "false", GLC_YT_FALSE, 0, false },
    { "filesize", GLC_YT_FILESIZE, 0, false },
    { "float32", GLC_YT_READ, GLC_READ_F32, true },
    { "float32be", GLC_YT_READ, GLC_READ_F32BE, true },
    { "float64", GLC_YT_READ, GLC_READ_F64, true },
    { "float64be", GLC_YT_READ, GLC_READ_F64BE, true },
    { "for", GLC_YT_FOR, 0, false },
    { "fullword", GLC_YT_FULLWORD, 0, false },
    { "global", GLC_YT_GLOBAL, 0, false },
    { "icontains", GLC_YT_ICONTAINS, 0, false },
    { "iendswith", GLC_YT_IENDSWITH, 0, false },
    { "iequals", GLC_YT_IEQUALS, 0, false },
    { "import", GLC_YT_IMPORT, 0, false },
    { "in", GLC_YT_IN, 0, false },
    { "include", GLC_YT_INCLUDE, 0, false },
    { "int16", GLC_YT_READ, GLC_READ_I16, false },
    { "int16be", GLC_YT_READ, GLC_READ_I16BE, false },
    { "int32", GLC_YT_READ, GLC_READ_I32, false },
    { "int32be", GLC_YT_READ, GLC_READ_I32BE, false },
    { "int8", GLC_YT_READ, GLC_READ_I8, false },
    { "int8be", GLC_YT_READ, GLC_READ_I8BE, false },
    { "istartswith", GLC_YT_ISTARTSWITH, 0, false },
    { "matches", GLC_YT_MATCHES, 0, false },
    { "meta", GLC_YT_META, 0, false },
    { "nocase", GLC_YT_NOCASE, 0, false },
    { "none", GLC_YT_NONE, 0, false },
    { "not", GLC_YT_NOT, 0, false },
    { "of", GLC_YT_OF, 0, false },
    { "or", GLC_YT_OR, 0, false },
    { "private", GLC_YT_PRIVATE, 0, false },
    { "rule", GLC_YT_RULE, 0, false },
    { "startswith", GLC_YT_STARTSWITH, 0, false },
    { "strings", GLC_YT_STRINGS, 0, false },
    { "them", GLC_YT_THEM, 0, false },
    { "true", GLC_YT_TRUE, 0, false },
    { "uint16", GLC_YT_READ, GLC_READ_U16, false },
    { "uint16be", GLC_YT_READ, GLC_READ_U16BE, false },
    { "uint32", GLC_YT_READ, GLC_READ_U32, false },
    { "uint32be", GLC_YT_READ, GLC_READ_U32BE, false },
    { "uint8", GLC_YT_READ, GLC_READ_U8, false },
    { "uint8be", GLC_YT_READ, GLC_READ_U8BE, false },
    { "wide", GLC_YT_WIDE, 0, false },
    { "with", GLC_YT_WITH, 0, true },
    { "xor", GLC_YT_XOR, 0, false },
};

struct glc_yara_lex glc_yara_lex(struct glc_span text, bool x)
{
    struct glc_yara_lex lex = { .text = text, .line = 1, .x = x };
    static const uint8_t bom[] = { 0xef, 0xbb, 0xbf };
    if (glc_span_starts(text, glc_span(bom, sizeof bom)))
        lex.at = lex.line_at = sizeof bom;
    return lex;
}

static int peek(const struct glc_yara_lex *lex, size_t ahead)
{
    return ahead < lex->text.len - lex->at ? lex->text.ptr[lex->at + ahead] : -1;
}

static void newline(struct glc_yara_lex *lex)
{
    lex->at++;
    lex->line++;
    lex->line_at = lex->at;
}

static void complain(struct glc_yara_lex *lex, const char *message, const char *hint)
{
    lex->message = message;
    lex->hint = hint;
    lex->bad_at = lex->at;
    lex->bad_line = lex->line;
    lex->bad_line_at = lex->line_at;
}

bool glc_yara_skip_blank(struct glc_yara_lex *lex)
{
    for (;;) {
        int c = peek(lex, 0);
        if (c == '\n') {
            newline(lex);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
            lex->at++;
        } else if (c == '/' && peek(lex, 1) == '/') {
            const uint8_t *from = lex->text.ptr + lex->at;
            const uint8_t *nl = memchr(from, '\n', lex->text.len - lex->at);
            lex->at = nl != NULL ? (size_t)(nl - lex->text.ptr) : lex->text.len;
        } else if (c == '/' && peek(lex, 1) == '*') {
            complain(lex, "this comment does not end", "close it with */");
            lex->at += 2;
            while (peek(lex, 0) >= 0 && !(peek(lex, 0) == '*' && peek(lex, 1) == '/')) {
                if (peek(lex, 0) == '\n')
                    newline(lex);
                else
                    lex->at++;
            }
            if (peek(lex, 0) < 0)
                return false;
            lex->at += 2;
        } else {
            return true;
        }
    }
}

static bool is_word(int c)
{
    return c == '_' || (c >= 0 && glc_ascii_isalnum((uint8_t)c));
}

static size_t word_end(const struct glc_yara_lex *lex, size_t ahead)
{
    while (is_word(peek(lex, ahead)))
        ahead++;
    return ahead;
}

static int compare_word(const void *key, const void *item)
{
    const struct glc_span *word = key;
    const struct keyword *k = item;
    size_t n = strlen(k->name);
    int c = memcmp(word->ptr, k->name, word->len < n ? word->len : n);
    return c != 0 ? c : word->len < n ? -1 : word->len > n;
}

static void lex_word(struct glc_yara_lex *lex, struct glc_yara_tok *t)
{
    size_t n = word_end(lex, 0);
    t->text = glc_span_sub(lex->text, lex->at, n);
    t->kind = GLC_YT_IDENT;
    lex->at += n;
    if (n > 11 || n < 2)
        return;
    const struct keyword *k =
        bsearch(&t->text, keywords, sizeof keywords / sizeof keywords[0], sizeof keywords[0], compare_word);
    if (k == NULL || (k->x_only && !lex->x))
        return;
    t->kind = k->kind;
    t->u.integer = k->value;
}

/* Digits of a base into *value; false on overflow of 63 bits. */
static bool digits(struct glc_span s, unsigned base, int64_t *value)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '_')
            continue;
        uint64_t d = (uint64_t)glc_hex_digit(s.ptr[i]);
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v) || v > INT64_MAX)
            return false;
    }
    *value = (int64_t)v;
    return true;
}

static double to_real(struct glc_span s)
{
    char text[512];
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < sizeof text - 1; i++)
        if (s.ptr[i] != '_')
            text[n++] = (char)s.ptr[i];
    text[n] = '\0';
    return strtod(text, NULL);
}

/* Behind the digits; from the second on YARA-X lets '_' stand between them. */
static size_t run(const struct glc_yara_lex *lex, size_t ahead, int base)
{
    for (size_t from = ahead;; ahead++) {
        int c = peek(lex, ahead);
        if (c == '_' && lex->x && ahead > from)
            continue;
        if (c < 0 || glc_hex_digit(c) < 0 || glc_hex_digit(c) >= base)
            return ahead;
    }
}

/* Do the digits of a fraction begin here? YARA-X lets '_' come first. */
static bool fraction(const struct glc_yara_lex *lex, size_t ahead)
{
    while (lex->x && peek(lex, ahead) == '_')
        ahead++;
    return peek(lex, ahead) >= '0' && peek(lex, ahead) <= '9';
}

static void lex_number(struct glc_yara_lex *lex, struct glc_yara_tok *t)
{
    size_t n;
    bool fits;
    t->kind = GLC_YT_INT;
    int second = peek(lex, 1);
    if (peek(lex, 0) == '0' && (second == 'x' || second == 'o')) {
        unsigned base = second == 'x' ? 16 : 8;
        n = run(lex, 2, (int)base);
        fits = digits(glc_span_sub(lex->text, lex->at + 2, n - 2), base, &t->u.integer);
        if (n == 2)
            complain(lex, "a number without digits", NULL);
        if (n == 2)
            t->kind = GLC_YT_BAD;
    } else {
        n = run(lex, 0, 10);
        fits = digits(glc_span_sub(lex->text, lex->at, n), 10, &t->u.integer);
        if (peek(lex, n) == '.' && fraction(lex, n + 1)) {
            n++;
            while (peek(lex, n) == '_')
                n++;
            n = run(lex, n, 10);
            t->kind = GLC_YT_FLOAT;
            t->u.real = to_real(glc_span_sub(lex->text, lex->at, n));
            fits = true;
        } else if ((peek(lex, n) == 'K' || peek(lex, n) == 'M') && peek(lex, n + 1) == 'B') {
            int64_t unit = peek(lex, n) == 'K' ? 1024 : 1024 * 1024;
            fits = fits && !__builtin_mul_overflow(t->u.integer, unit, &t->u.integer);
            n += 2;
        }
    }
    if (t->kind != GLC_YT_BAD && !fits) {
        complain(lex, "this number does not fit into 63 bits", "integers reach from -2^63 to 2^63 - 1");
        t->kind = GLC_YT_BAD;
    } else if (t->kind != GLC_YT_BAD && is_word(peek(lex, n))) {
        complain(lex, "a number runs into letters", "suffixes are KB and MB, on decimal integers only");
        t->kind = GLC_YT_BAD;
    }
    if (t->kind == GLC_YT_BAD)
        n = word_end(lex, n);
    t->text = glc_span_sub(lex->text, lex->at, n);
    lex->at += n;
}

/* The end of a run up to an unescaped `close` on this line; false: the line (or the text) ends first. */
static bool find_close(const struct glc_yara_lex *lex, int close, size_t *length)
{
    for (size_t n = 1;; n++) {
        int c = peek(lex, n);
        if (c < 0 || c == '\n')
            return false;
        if (c == '\\') {
            if (peek(lex, n + 1) < 0 || peek(lex, n + 1) == '\n')
                return false;
            n++;
        } else if (c == close) {
            *length = n;
            return true;
        }
    }
}

/* Behind something unterminated: go on with the next line. */
static void lose_line(struct glc_yara_lex *lex)
{
    const uint8_t *from = lex->text.ptr + lex->at;
    const uint8_t *nl = memchr(from, '\n', lex->text.len - lex->at);
    lex->at = nl != NULL ? (size_t)(nl - lex->text.ptr) : lex->text.len;
}

/* The triple-quoted string of YARA-X: it may span lines, and has no quote inside but by \". */
static bool lex_lines(struct glc_yara_lex *lex, struct glc_yara_tok *t)
{
    size_t from = lex->at + 3;
    struct glc_yara_lex ahead = *lex;
    ahead.at = from;
    for (int c; (c = peek(&ahead, 0)) >= 0 && c != '"';) {
        if (c == '\\' && peek(&ahead, 1) >= 0)
            ahead.at++;
        if (peek(&ahead, 0) == '\n')
            newline(&ahead);
        else
            ahead.at++;
    }
    if (peek(&ahead, 0) != '"' || peek(&ahead, 1) != '"' || peek(&ahead, 2) != '"')
        return false;
    t->kind = GLC_YT_STRING;
    t->text = glc_span_sub(lex->text, from, ahead.at - from);
    ahead.at += 3;
    *lex = ahead;
    return true;
}

static void lex_string(struct glc_yara_lex *lex, struct glc_yara_tok *t)
{
    size_t n;
    bool lines = lex->x && peek(lex, 1) == '"' && peek(lex, 2) == '"';
    if (lines && lex_lines(lex, t))
        return;
    if (lines) {
        complain(lex, "this string does not end", "close it with \"\"\"; write \\\" for a quote in it");
        t->kind = GLC_YT_BAD;
        lose_line(lex);
        return;
    }
    if (!find_close(lex, '"', &n)) {
        complain(lex, "this string does not end",
                 "close it with \" on the same line; write \\n for a line's end");
        t->kind = GLC_YT_BAD;
        lose_line(lex);
        return;
    }
    t->kind = GLC_YT_STRING;
    t->text = glc_span_sub(lex->text, lex->at + 1, n - 1);
    lex->at += n + 1;
}

static void lex_regex(struct glc_yara_lex *lex, struct glc_yara_tok *t)
{
    size_t n;
    if (!find_close(lex, '/', &n)) {
        complain(lex, "this regular expression does not end",
                 "close it with / on the same line; write \\/ for a slash");
        t->kind = GLC_YT_BAD;
        lose_line(lex);
        return;
    }
    t->kind = GLC_YT_REGEX;
    t->u.integer = 0;
    t->text = glc_span_sub(lex->text, lex->at + 1, n - 1);
    n++;
    if (!lex->x) {
        /* YARA knows /i, /s and /is, in this order; what follows is the next word, a blank before it or not.
         */
        for (int i = 0; i < 2; i++)
            if (peek(lex, n) == "is"[i]) {
                t->u.integer |= i == 0 ? GLC_YARA_RE_I : GLC_YARA_RE_S;
                n++;
            }
        lex->at += n;
        return;
    }
    /* YARA-X takes up to two letters, in any order; what follows the second is the next word. */
    size_t flags = 0;
    for (; flags < 2; flags++, n++) {
        int64_t flag = peek(lex, n) == 'i' ? GLC_YARA_RE_I : peek(lex, n) == 's' ? GLC_YARA_RE_S : 0;
        if (flag == 0)
            break;
        t->u.integer |= flag;
    }
    if (flags < 2 && is_word(peek(lex, n))) {
        lex->at += n;
        complain(lex, "unknown flag of a regular expression", "i ignores case, s lets . match line ends");
        t->kind = GLC_YT_BAD;
        n = word_end(lex, 0);
    }
    lex->at += n;
}

/* $a $a* #a @a !a, each with an empty name too. */
static void lex_id(struct glc_yara_lex *lex, struct glc_yara_tok *t, enum glc_yara_kind kind)
{
    size_t n = word_end(lex, 1);
    t->kind = kind;
    t->text = glc_span_sub(lex->text, lex->at, n);
    if (kind == GLC_YT_ID && peek(lex, n) == '*') {
        t->kind = GLC_YT_WILD;
        n++;
    }
    lex->at += n;
}

static enum glc_yara_kind one_byte(int c)
{
    switch (c) {
    case '{':
        return GLC_YT_LBRACE;
    case '}':
        return GLC_YT_RBRACE;
    case '(':
        return GLC_YT_LPAREN;
    case ')':
        return GLC_YT_RPAREN;
    case '[':
        return GLC_YT_LBRACKET;
    case ']':
        return GLC_YT_RBRACKET;
    case ':':
        return GLC_YT_COLON;
    case ',':
        return GLC_YT_COMMA;
    case '.':
        return GLC_YT_DOT;
    case '=':
        return GLC_YT_ASSIGN;
    case '<':
        return GLC_YT_LT;
    case '>':
        return GLC_YT_GT;
    case '+':
        return GLC_YT_PLUS;
    case '-':
        return GLC_YT_MINUS;
    case '*':
        return GLC_YT_STAR;
    case '\\':
        return GLC_YT_DIV;
    case '%':
        return GLC_YT_PERCENT;
    case '&':
        return GLC_YT_AMP;
    case '^':
        return GLC_YT_CARET;
    case '|':
        return GLC_YT_PIPE;
    case '~':
        return GLC_YT_TILDE;
    default:
        return GLC_YT_BAD;
    }
}

static void lex_sign(struct glc_yara_lex *lex, struct glc_yara_tok *t)
{
    static const struct {
        char text[3];
        enum glc_yara_kind kind;
    } two[] = { { "==", GLC_YT_EQ },  { "!=", GLC_YT_NE },  { "<=", GLC_YT_LE },  { ">=", GLC_YT_GE },
                { "<<", GLC_YT_SHL }, { ">>", GLC_YT_SHR }, { "..", GLC_YT_DOTS } };
    int c = peek(lex, 0), next = peek(lex, 1);
    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++) {
        if (c == two[i].text[0] && next == two[i].text[1]) {
            t->kind = two[i].kind;
            t->text = glc_span_sub(lex->text, lex->at, 2);
            lex->at += 2;
            return;
        }
    }
    if (c == '!') {
        lex_id(lex, t, GLC_YT_LENGTH);
        return;
    }
    t->kind = one_byte(c);
    t->text = glc_span_sub(lex->text, lex->at, 1);
    if (t->kind == GLC_YT_BAD)
        complain(lex,
                 c == 0      ? "a NUL byte: this is not text"
                 : c >= 0x80 ? "a byte that is not ASCII outside of strings and comments"
                             : "a character that means nothing here",
                 NULL);
    lex->at++;
}

struct glc_yara_tok glc_yara_next(struct glc_yara_lex *lex)
{
    struct glc_yara_tok t = { .kind = GLC_YT_END };
    if (!glc_yara_skip_blank(lex)) {
        t.kind = GLC_YT_BAD;
        t.line = lex->bad_line;
        t.line_at = lex->bad_line_at;
        t.at = lex->bad_at;
        t.end = t.at + 2;
        return t;
    }
    t.line = lex->line;
    t.line_at = lex->line_at;
    t.at = lex->at;
    int c = peek(lex, 0);
    if (c < 0)
        t.kind = GLC_YT_END;
    else if (c >= '0' && c <= '9')
        lex_number(lex, &t);
    else if (is_word(c))
        lex_word(lex, &t);
    else if (c == '"')
        lex_string(lex, &t);
    else if (c == '/')
        lex_regex(lex, &t);
    else if (c == '$')
        lex_id(lex, &t, GLC_YT_ID);
    else if (c == '#')
        lex_id(lex, &t, GLC_YT_COUNT);
    else if (c == '@')
        lex_id(lex, &t, GLC_YT_OFFSET);
    else
        lex_sign(lex, &t);
    t.end = lex->at;
    return t;
}

const char *glc_yara_kind_name(enum glc_yara_kind kind)
{
    static const char *const names[] = {
        [GLC_YT_END] = "the end of the file",
        [GLC_YT_BAD] = "something unreadable",
        [GLC_YT_IDENT] = "an identifier",
        [GLC_YT_INT] = "an integer",
        [GLC_YT_FLOAT] = "a float",
        [GLC_YT_STRING] = "a text string",
        [GLC_YT_REGEX] = "a regular expression",
        [GLC_YT_ID] = "a string identifier",
        [GLC_YT_WILD] = "a string identifier with *",
        [GLC_YT_COUNT] = "a string count",
        [GLC_YT_OFFSET] = "a string offset",
        [GLC_YT_LENGTH] = "a string length",
        [GLC_YT_LBRACE] = "'{'",
        [GLC_YT_RBRACE] = "'}'",
        [GLC_YT_LPAREN] = "'('",
        [GLC_YT_RPAREN] = "')'",
        [GLC_YT_LBRACKET] = "'['",
        [GLC_YT_RBRACKET] = "']'",
        [GLC_YT_COLON] = "':'",
        [GLC_YT_COMMA] = "','",
        [GLC_YT_DOT] = "'.'",
        [GLC_YT_DOTS] = "'..'",
        [GLC_YT_ASSIGN] = "'='",
        [GLC_YT_EQ] = "'=='",
        [GLC_YT_NE] = "'!='",
        [GLC_YT_LT] = "'<'",
        [GLC_YT_LE] = "'<='",
        [GLC_YT_GT] = "'>'",
        [GLC_YT_GE] = "'>='",
        [GLC_YT_SHL] = "'<<'",
        [GLC_YT_SHR] = "'>>'",
        [GLC_YT_PLUS] = "'+'",
        [GLC_YT_MINUS] = "'-'",
        [GLC_YT_STAR] = "'*'",
        [GLC_YT_DIV] = "'\\'",
        [GLC_YT_PERCENT] = "'%'",
        [GLC_YT_AMP] = "'&'",
        [GLC_YT_CARET] = "'^'",
        [GLC_YT_PIPE] = "'|'",
        [GLC_YT_TILDE] = "'~'",
    };
    if ((size_t)kind < sizeof names / sizeof names[0])
        return names[kind];
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (keywords[i].kind == kind && kind != GLC_YT_READ)
            return keywords[i].name;
    return "a keyword";
}
