/* Names of rules per namespace, remembered between the files of one load. */
#ifndef GLC_LANG_YARA_NAMES_H
#define GLC_LANG_YARA_NAMES_H

#include "rule/rule.h"

#define GLC_YARA_REFUSED UINT32_MAX /* a rule of that name was there, and was not taken */

struct glc_yara_name {
    struct glc_span space, name;
    uint32_t hash;
    uint32_t rule;    /* index in the set, or GLC_YARA_REFUSED */
    const char *file; /* where it stands */
    uint32_t line;
};

/* A `rule*` that a condition has used: no later rule of the namespace may match it. */
struct glc_yara_wild {
    struct glc_span space, prefix;
};

/* A module that a file of the namespace has imported. */
struct glc_yara_import {
    struct glc_span space, module;
};

struct glc_yara_names {
    struct glc_yara_name *name; /* in order of appearance */
    size_t names;
    uint32_t *slot; /* open addressing over `name`, entries + 1 */
    size_t slots;
    struct glc_yara_wild *wild;
    size_t wilds;
    struct glc_yara_import *import;
    size_t imports;
};

/* The set's names, made at the first call; NULL: no memory. */
struct glc_yara_names *glc_yara_names_of(struct glc_ruleset *set);

const struct glc_yara_name *glc_yara_names_find(const struct glc_yara_names *n, const char *space,
                                                struct glc_span name);

/* The name is copied. False: no memory. A refused rule's name gives way to a later good one. */
bool glc_yara_names_add(struct glc_yara_names *n, struct glc_arena *a, const char *space,
                        struct glc_span name, uint32_t rule, const char *file, uint32_t line) GLC_CHECK;

bool glc_yara_names_add_wild(struct glc_yara_names *n, struct glc_arena *a, const char *space,
                             struct glc_span prefix) GLC_CHECK;
bool glc_yara_names_is_wild(const struct glc_yara_names *n, const char *space, struct glc_span name);

bool glc_yara_names_import(struct glc_yara_names *n, struct glc_arena *a, const char *space,
                           struct glc_span module) GLC_CHECK;
bool glc_yara_names_imported(const struct glc_yara_names *n, const char *space, struct glc_span module);

#endif
