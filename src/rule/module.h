/* Modules: facts about a layer that conditions may ask for (`pe.number_of_sections`, `math.entropy(0,
 * filesize)`).
 *
 * A module is one table: what it offers, by name, type and sentence. From the table follow type checking
 * (lang/yara), the documentation, `glacis dump --module`, and evaluation (match). The registry of all modules
 * is put together where formats are known (format/modules.h) and handed to whoever needs it, so that neither
 * the languages nor the matcher know a format.
 *
 * Values are made once per layer, on the first question, in the layer's arena. */
#ifndef GLC_RULE_MODULE_H
#define GLC_RULE_MODULE_H

#include "base/arena.h"
#include "rule/expr.h"

struct glc_value {
    enum glc_type type;
    bool defined;
    union {
        int64_t integer; /* INT, BOOL */
        double real;
        struct glc_span text;               /* STRING */
        const struct glc_regex_code *regex; /* REGEX arguments: opaque, see glc_module_ctx.regex_match */
        struct {                            /* STRUCT */
            const struct glc_value *member; /* one per field that is no constant, in declared order */
            void *own;                      /* the module's: its parse, its caches; nobody else looks at it */
        };
        struct {
            const struct glc_value *item;
            uint32_t n;
        } array; /* ARRAY */
        struct {
            const struct glc_dict_entry *entry; /* sorted by key, bytewise; no key twice */
            uint32_t n;
        } dict;
    } u;
};

struct glc_dict_entry {
    struct glc_span key;
    struct glc_value value;
};

/* A field of a struct. Constants (`pe.MACHINE_AMD64`) are INT, FLOAT or STRING fields that say so and are
 * folded by the front end; they stand after all other fields of their struct, so that the index of a field is
 * the index of its value. */
struct glc_field {
    const char *name;
    enum glc_type type;
    const char *help;               /* one line for the documentation */
    const struct glc_field *member; /* STRUCT, or the struct items of ARRAY and DICT; ends with name NULL */
    enum glc_type item;             /* ARRAY, DICT: type of the items */
    bool constant;
    int64_t value;    /* of an INT constant */
    const char *text; /* of a STRING constant */
    double real;      /* of a FLOAT constant */
};

struct glc_regex_code;

struct glc_libmagic;
struct glc_cuckoo;

/* What a module may look at. */
struct glc_module_ctx {
    struct glc_span data;            /* the layer's bytes */
    struct glc_arena *arena;         /* lives as long as the layer */
    const void *layer;               /* struct glc_layer, for modules that share a parse with the format */
    int64_t now;                     /* seconds since 1970, for `time.now()` */
    struct glc_libmagic *magic;      /* for the module `magic`; NULL: not loaded, its facts are undefined */
    const struct glc_cuckoo *cuckoo; /* for the module `cuckoo`; NULL: there is no report */
    /* Does the regular expression match anywhere in `s`? */
    bool (*regex_match)(const struct glc_module_ctx *ctx, const struct glc_regex_code *re, struct glc_span s);
    void *regex_to; /* the caller's own, for regex_match */
    /* console.log and its kin write here; NULL: nowhere. */
    void (*console)(void *to, const char *line);
    void *console_to;
};

/* One overload of a function. `args`: one letter each of i(nt) f(loat) s(tring) r(egex) b(ool); an argument
 * must have exactly that type (an integer is no float). The function sets type and `defined` of its result;
 * an undefined argument never reaches it (the result is undefined then). `root` is the module's own value. A
 * function of a struct (rather than of the module) has a dotted name: `signatures.valid_on` is called on one
 * element, and gets that element as args[0], type STRUCT, letter 'o' first in `args`. */
struct glc_function {
    const char *name;
    const char *args;
    enum glc_type result;
    const char *help;
    struct glc_value (*call)(const struct glc_module_ctx *ctx, const struct glc_value *root,
                             const struct glc_value *args);
};

struct glc_module {
    const char *name;
    const char *dialect; /* "yara-x": rules of that dialect get this one of the name; NULL: all others */
    const char *help;
    /* What every layer begins with (1, 2 or 4 bytes) of which the module tells anything. Elsewhere each of
     * its facts is undefined, and so is what its functions return, but for those named is_…, which may be 0.
     * NULL: there are no such bytes. */
    const char *first;
    const struct glc_field *fields;       /* ends with name NULL; NULL: none */
    const struct glc_function *functions; /* ends with name NULL; NULL: none */
    /* Fill `member` (one per field that is no constant; typed, undefined) and, where functions want it, *own,
     * for this layer; NULL: nothing to do. Hostile data makes facts undefined, nothing worse. */
    void (*load)(const struct glc_module_ctx *ctx, struct glc_value *member, void **own);
};

/* The value of a module for a layer: a STRUCT whose members the module has filled. Undefined only where the
 * arena is exhausted. The caller keeps it for the layer and does not ask again. */
struct glc_value glc_module_load(const struct glc_module *m, const struct glc_module_ctx *ctx);

/* Fields of a struct that are no constants. */
uint32_t glc_fields_count(const struct glc_field *fields);

struct glc_modules {
    const struct glc_module *const *module;
    uint32_t n;
};

/* Index of a module by name, or UINT32_MAX. `dialect`: as in struct glc_module; where it has no own module of
 * the name, the one for all. */
uint32_t glc_modules_find(const struct glc_modules *all, struct glc_span name, const char *dialect);

/* GLC_X_CALL numbers functions through the whole registry: module 0's first, in table order. */
uint32_t glc_modules_function_base(const struct glc_modules *all, uint32_t module);
const struct glc_function *glc_modules_function(const struct glc_modules *all, uint32_t flat,
                                                uint32_t *module);

/* A fingerprint of the registry's layout (names, types, order): an image that was compiled against another is
 * refused. */
uint64_t glc_modules_fingerprint(const struct glc_modules *all);

#endif
