/* Tokens of YARA. Hex strings and regular expressions depend on where they stand, so the parser asks for
 * them: after `=` a `{` opens a hex string, and a `/` is never anything but the start of a regular expression
 * or comment. */
#ifndef GLC_LANG_YARA_LEX_H
#define GLC_LANG_YARA_LEX_H

#include "base/diag.h"

enum glc_yara_kind {
    GLC_YT_END,
    GLC_YT_BAD, /* already complained about */
    GLC_YT_IDENT,
    GLC_YT_INT,
    GLC_YT_FLOAT,
    GLC_YT_STRING, /* text: between the quotes, escapes untouched */
    GLC_YT_REGEX,  /* text: between the slashes; integer: flags, see GLC_YARA_RE_… */
    GLC_YT_ID,     /* $a; text: with its first character */
    GLC_YT_WILD,   /* $a*; text: without the star */
    GLC_YT_COUNT,  /* #a */
    GLC_YT_OFFSET, /* @a */
    GLC_YT_LENGTH, /* !a */
    GLC_YT_LBRACE,
    GLC_YT_RBRACE,
    GLC_YT_LPAREN,
    GLC_YT_RPAREN,
    GLC_YT_LBRACKET,
    GLC_YT_RBRACKET,
    GLC_YT_COLON,
    GLC_YT_COMMA,
    GLC_YT_DOT,
    GLC_YT_DOTS, /* .. */
    GLC_YT_ASSIGN,
    GLC_YT_EQ,
    GLC_YT_NE,
    GLC_YT_LT,
    GLC_YT_LE,
    GLC_YT_GT,
    GLC_YT_GE,
    GLC_YT_SHL,
    GLC_YT_SHR,
    GLC_YT_PLUS,
    GLC_YT_MINUS,
    GLC_YT_STAR,
    GLC_YT_DIV, /* a backslash */
    GLC_YT_PERCENT,
    GLC_YT_AMP,
    GLC_YT_CARET,
    GLC_YT_PIPE,
    GLC_YT_TILDE,
    /* Keywords, in the order of the table in lex.c. */
    GLC_YT_ALL,
    GLC_YT_AND,
    GLC_YT_ANY,
    GLC_YT_ASCII,
    GLC_YT_AT,
    GLC_YT_BASE64,
    GLC_YT_BASE64WIDE,
    GLC_YT_CONDITION,
    GLC_YT_CONTAINS,
    GLC_YT_DEFINED,
    GLC_YT_ENDSWITH,
    GLC_YT_ENTRYPOINT,
    GLC_YT_FALSE,
    GLC_YT_FILESIZE,
    GLC_YT_FOR,
    GLC_YT_FULLWORD,
    GLC_YT_GLOBAL,
    GLC_YT_ICONTAINS,
    GLC_YT_IENDSWITH,
    GLC_YT_IEQUALS,
    GLC_YT_IMPORT,
    GLC_YT_IN,
    GLC_YT_INCLUDE,
    GLC_YT_ISTARTSWITH,
    GLC_YT_MATCHES,
    GLC_YT_META,
    GLC_YT_NOCASE,
    GLC_YT_NONE,
    GLC_YT_NOT,
    GLC_YT_OF,
    GLC_YT_OR,
    GLC_YT_PRIVATE,
    GLC_YT_READ, /* uint8 … float64be; integer: enum glc_read */
    GLC_YT_RULE,
    GLC_YT_STARTSWITH,
    GLC_YT_STRINGS,
    GLC_YT_THEM,
    GLC_YT_TRUE,
    GLC_YT_WIDE,
    GLC_YT_WITH,
    GLC_YT_XOR,
    GLC_YT_KINDS
};

enum { GLC_YARA_RE_I = 1, GLC_YARA_RE_S = 2 };

struct glc_yara_tok {
    enum glc_yara_kind kind;
    uint32_t line;
    size_t line_at; /* offset of the line's first byte */
    size_t at;      /* offset of the token's first byte */
    size_t end;     /* offset behind it */
    struct glc_span text;
    union {
        int64_t integer;
        double real;
    } u;
};

/* A text being read. A value: copy it to look ahead, assign the copy to go back. */
struct glc_yara_lex {
    struct glc_span text;
    size_t at;
    uint32_t line;
    size_t line_at;
    bool x; /* YARA-X: `with`, float readers */
    /* What was wrong with the last BAD token. */
    const char *message, *hint;
    size_t bad_at, bad_line_at; /* where; the token's own place but for comments */
    uint32_t bad_line;
};

struct glc_yara_lex glc_yara_lex(struct glc_span text, bool x);

/* The next token; GLC_YT_BAD with lex->message set where there is none. Always moves on, but at the end. */
struct glc_yara_tok glc_yara_next(struct glc_yara_lex *lex);

/* Blanks and comments; false: a comment does not end (message set). */
bool glc_yara_skip_blank(struct glc_yara_lex *lex);

/* "identifier", "'=='", …: how a kind is called in a message. */
const char *glc_yara_kind_name(enum glc_yara_kind kind);

/* Is the token a keyword? */
static inline bool glc_yara_is_keyword(enum glc_yara_kind kind)
{
    return kind >= GLC_YT_ALL;
}

#endif
