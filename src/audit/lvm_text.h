/* LVM2's metadata text: sections { … } and key = value, values being numbers, strings and lists of both. */
#ifndef GLC_AUDIT_LVM_TEXT_H
#define GLC_AUDIT_LVM_TEXT_H

#include "base/arena.h"

enum glc_lvm_kind { GLC_LVM_SECTION, GLC_LVM_NUMBER, GLC_LVM_STRING, GLC_LVM_LIST };

struct glc_lvm_node {
    enum glc_lvm_kind kind;
    struct glc_span key;  /* into the text; empty for a member of a list */
    struct glc_span text; /* of a STRING, as written between its quotes */
    uint64_t number;      /* of a NUMBER */
    struct glc_lvm_node *child, *next;
};

/* The whole text as one section; NULL where it is damaged. Nodes live in the arena. */
struct glc_lvm_node *glc_lvm_parse(struct glc_span text, struct glc_arena *arena) GLC_CHECK;

/* A member of a section; NULL where there is none (or no section). */
const struct glc_lvm_node *glc_lvm_get(const struct glc_lvm_node *n, const char *key);

/* A number in a section; `other` where there is none. */
uint64_t glc_lvm_number(const struct glc_lvm_node *n, const char *key, uint64_t other);

#endif
