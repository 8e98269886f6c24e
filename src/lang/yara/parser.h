/* What the files of the YARA front end share: the state of one parse, and the pieces of the grammar.
 *
 * One pass from text to IR: every piece of grammar checks types as it goes and gives back a node, or NULL
 * when it has complained (p->failed) or memory is exhausted (p->err). A rule is added to the set only when
 * all of it was good. */
#ifndef GLC_LANG_YARA_PARSER_H
#define GLC_LANG_YARA_PARSER_H

#include "lang/lang.h"
#include "lang/yara/lex.h"
#include "lang/yara/names.h"

enum {
    GLC_YARA_DEPTH = 250,          /* parentheses, loops, groups inside each other */
    GLC_YARA_INCLUDES = 16,        /* includes inside each other */
    GLC_YARA_ALL_INCLUDES = 10000, /* includes in one file and what it includes */
    GLC_YARA_NAME = 128,           /* longest identifier; strings may have longer ones */
};

#define GLC_YARA_INCLUDED ((uint64_t)1 << 30) /* bytes that includes may bring in all */

/* A file being read; includes form a chain. */
struct glc_yara_source {
    const char *file;
    struct glc_yara_lex lex;
    struct glc_yara_tok tok; /* the token at hand */
    size_t last_end;         /* end of the token before it */
    const struct glc_yara_source *parent;
    uint32_t depth;
    uint64_t dev, ino; /* of an included file, to see cycles; 0: not known */
};

/* A value with what the IR's type does not say: which fields a structure has. */
struct glc_yara_value {
    struct glc_expr *x;             /* NULL: failed */
    const struct glc_field *member; /* of STRUCT, or of the items of ARRAY and DICT */
    enum glc_type item;             /* of ARRAY and DICT */
    uint32_t module;                /* whose structure it is; UINT32_MAX: none's */
    const char *path;               /* dotted names from the module's root to here, "" at the root */
    struct glc_span name;           /* as written, for messages */
};

struct glc_yara_var {
    struct glc_span name;
    struct glc_yara_value value; /* value.x: a VAR node, to be copied */
};

struct glc_yara_parser {
    struct glc_ruleset *set;
    struct glc_arena *a;
    const struct glc_lang_options *opt;
    const char *space;
    struct glc_yara_names *names;
    struct glc_yara_source *src;
    enum glc_err err;
    uint32_t all_includes;
    uint64_t included;

    /* The rule at hand. */
    struct glc_rule rule;
    struct glc_span rule_name;
    bool in_rule;
    bool failed; /* has an error: it will not be taken, and the first error is the one that is told */
    bool *used;  /* per pattern: mentioned in the condition */
    size_t patterns, tags, metas;
    struct glc_yara_tok *pattern_tok; /* per pattern, for messages about it */
    struct glc_yara_var *var;
    size_t vars, var_room;
    uint32_t depth;
    uint32_t for_of;   /* inside so many `for … of` */
    bool bare_quant;   /* reading the quantifier of a `for`: an `of` behind it belongs to the `for` */
    uint32_t *id_slot; /* patterns by name: open addressing, index + 1 */
    size_t id_slots;
};

static inline bool glc_yara_is_x(const struct glc_yara_parser *p)
{
    return p->opt->dialect == GLC_DIALECT_YARA_X;
}

/* say.c */

/* Complain about a token. An error or NOT_TAKEN marks the rule as failed; only its first one is told. `hint`
 * may be NULL. */
void glc_yara_say(struct glc_yara_parser *p, enum glc_severity severity, const struct glc_yara_tok *at,
                  const char *hint, const char *fmt, ...) GLC_PRINTF(5, 6);

/* The same about bytes inside a token, `at` bytes from its start. */
void glc_yara_say_inside(struct glc_yara_parser *p, const struct glc_yara_tok *tok, const uint8_t *from,
                         size_t len, const char *hint, const char *message);
void glc_yara_warn_inside(struct glc_yara_parser *p, const struct glc_yara_tok *tok, const uint8_t *from,
                          size_t len, const char *hint, const char *message);

/* "an integer", "a string", … */
const char *glc_yara_a_type(enum glc_type t);

/* The text as it may stand in a message: cut to 60 bytes, what is not printable as '?'. */
struct glc_yara_quote {
    char text[64];
};
struct glc_yara_quote glc_yara_quote(struct glc_span s);

/* Memory is exhausted: ends the parse. Gives NULL. */
void *glc_yara_nomem(struct glc_yara_parser *p);

/* Step to the next token. */
void glc_yara_advance(struct glc_yara_parser *p);

/* Is the token at hand of that kind? Then step over it. */
bool glc_yara_accept(struct glc_yara_parser *p, enum glc_yara_kind kind);

/* The same, or complain: "expected ')' to close …, found …". `why` (may be NULL) is put behind the kind's
 * name. */
bool glc_yara_expect(struct glc_yara_parser *p, enum glc_yara_kind kind, const char *why);

/* "expected WHAT, found …" about the token at hand. */
void glc_yara_expected(struct glc_yara_parser *p, const char *what, const char *hint);

/* strings.c: everything between `strings:` and `condition:`. */
void glc_yara_strings(struct glc_yara_parser *p);

/* text.c: the bytes of a text string's token; a span with ptr NULL on failure. */
struct glc_span glc_yara_text(struct glc_yara_parser *p, const struct glc_yara_tok *tok);

/* hex.c: a hex string; the token at hand is its '{', which and all of it is stepped over. */
struct glc_re *glc_yara_hex(struct glc_yara_parser *p);

/* regex.c: the tree of a REGEX token. *greedy: it has a greedy repeat; without any, YARA reports the shortest
 * match. */
struct glc_re *glc_yara_regex(struct glc_yara_parser *p, const struct glc_yara_tok *tok, bool nocase,
                              bool *greedy);

/* A tree without greedy repeats, as a pattern. Such a one is as short as can be, but never empty: YARA finds
 * an x by x??, and nothing by x*?. */
struct glc_re *glc_yara_filled(struct glc_yara_parser *p, struct glc_re *re);

/* fullword.c: is a match of any length a full word, or only the longest (without greedy repeats: shortest)?
 */
bool glc_yara_any_word(const struct glc_re *re);

/* The same, its long lazy dots between other things as gaps: where such a dot takes more than 200, YARA goes
 * over any bytes, ends of lines and halves of wide characters among them. NULL: there is none, or (p->failed)
 * no memory. */
struct glc_re *glc_yara_jumps(struct glc_yara_parser *p, struct glc_re *re);

/* variants.c */
struct glc_yara_mods {
    bool nocase, wide, ascii, fullword, hidden, xor_, base64, base64wide;
    bool jumps; /* an expression's gaps are of bytes, in its wide form too */
    uint8_t xor_min, xor_max;
    struct glc_span alphabet, wide_alphabet; /* of base64 and base64wide: 64 bytes, or empty */
};

/* That alphabet, or where it is empty the standard one. */
struct glc_span glc_yara_alphabet(struct glc_span given);

/* Fill pattern->variant from bytes or from a tree; false: memory, or (told) nothing is left of a base64
 * string. */
bool glc_yara_text_variants(struct glc_yara_parser *p, struct glc_span text, const struct glc_yara_mods *m,
                            struct glc_pattern *pattern);
bool glc_yara_re_variants(struct glc_yara_parser *p, struct glc_re *re, const struct glc_yara_mods *m,
                          struct glc_pattern *pattern);

/* slow.c: the longest run of bytes that every match contains, weighed; below 2 a pattern is slow to look for.
 */
uint32_t glc_yara_atom(const struct glc_re *re);
bool glc_yara_endless(const struct glc_re *re);

/* condition.c */

/* A whole expression of any type / as a condition (BOOL) / as an INT. NULL: complained. */
struct glc_yara_value glc_yara_expr(struct glc_yara_parser *p);
struct glc_expr *glc_yara_bool_expr(struct glc_yara_parser *p);
/* An operand that binds tighter than comparison: what stands behind `at`, in ranges, in brackets. */
struct glc_yara_value glc_yara_primary(struct glc_yara_parser *p);
struct glc_expr *glc_yara_int(struct glc_yara_parser *p, const char *what);
/* The same where it is an offset or an end of a range: to YARA-X a negative constant is an error. */
struct glc_expr *glc_yara_place(struct glc_yara_parser *p, const char *what);
/* '(' first '..' last ')' behind `in`; warns where it is empty. */
bool glc_yara_range(struct glc_yara_parser *p, struct glc_expr **first, struct glc_expr **last);

/* A value as a condition: numbers and strings get TO_BOOL. */
struct glc_expr *glc_yara_to_bool(struct glc_yara_parser *p, struct glc_yara_value v,
                                  const struct glc_yara_tok *at);

struct glc_yara_value glc_yara_value(struct glc_expr *x);
/* A node placed at a token. */
struct glc_expr *glc_yara_node(struct glc_yara_parser *p, const struct glc_yara_tok *at, enum glc_expr_op op,
                               enum glc_type type, uint32_t kids);
bool glc_yara_deeper(struct glc_yara_parser *p);

/* fold.c: operators over values, with types checked and constants folded. */
/* Booleans of modules and externals are integers to YARA: the number that stands for one; anything else (and
 * NULL) as it is. NULL: no memory. */
struct glc_expr *glc_yara_number(struct glc_yara_parser *p, const struct glc_yara_tok *at,
                                 struct glc_expr *x);

struct glc_yara_value glc_yara_binary(struct glc_yara_parser *p, const struct glc_yara_tok *op,
                                      struct glc_yara_value l, struct glc_yara_value r);
struct glc_yara_value glc_yara_unary(struct glc_yara_parser *p, const struct glc_yara_tok *op,
                                     struct glc_yara_value v);

/* quantified.c: `for …`, `with …`, and what follows a quantifier: `of …`. */
struct glc_yara_value glc_yara_for(struct glc_yara_parser *p);
struct glc_yara_value glc_yara_with(struct glc_yara_parser *p);

struct glc_yara_quant {
    enum glc_quant quant;
    struct glc_expr *number; /* NULL: complained */
    struct glc_yara_tok at;
};
struct glc_yara_value glc_yara_of(struct glc_yara_parser *p, struct glc_yara_quant q);
/* A NUMBER or PERCENT quantifier out of a value. */
struct glc_yara_quant glc_yara_quant_of(struct glc_yara_parser *p, struct glc_yara_value v, bool percent,
                                        const struct glc_yara_tok *at);

/* ids.c: patterns by name. */
/* Enter the last pattern under its name; false: there is one of that name (anonymous ones never clash). */
bool glc_yara_enter(struct glc_yara_parser *p, struct glc_span name, uint32_t *earlier);

/* Index of the pattern that the token (of kind ID, COUNT, OFFSET, LENGTH) names, marked as used; GLC_CURRENT
 * for an empty name inside `for … of`. False: complained. */
bool glc_yara_pattern(struct glc_yara_parser *p, const struct glc_yara_tok *tok, uint32_t *index);

/* member.c: identifiers: variables, rules, externals, modules and what follows them with dots, brackets and
 * calls. */
struct glc_yara_value glc_yara_identifier(struct glc_yara_parser *p);
/* Remember the import that the STRING token names; false: complained. */
bool glc_yara_import(struct glc_yara_parser *p, const struct glc_yara_tok *tok);

/* include.c: read the file that the STRING token names, as if its text stood here. */
void glc_yara_include(struct glc_yara_parser *p, const struct glc_yara_tok *tok);

/* yara.c: everything in p->src. */
void glc_yara_file(struct glc_yara_parser *p);

/* check.c: what a finished rule is looked over for: depth, unused strings, conditions that are always true or
 * false. */
void glc_yara_check_rule(struct glc_yara_parser *p, const struct glc_yara_tok *condition);

#endif
