/* Rules judged slowly and obviously: every occurrence of every pattern by trying every start, conditions by
 * walking the tree. */
#ifndef GLC_TESTS_NAIVE_RULE_H
#define GLC_TESTS_NAIVE_RULE_H

#include "match/match.h"
#include "rule/rule.h"

struct naive_list {
    struct glc_occurrence *item;
    uint64_t n;
};

/* All occurrences of a pattern, by offset; the caller frees item. */
void naive_occurrences(const struct glc_pattern *p, const struct glc_layer *layer, struct naive_list *out);

/* Does the rule's condition hold? list: one per pattern; before[i]: whether rule i of the set holds. */
bool naive_holds(const struct glc_rule *r, const struct naive_list *list, const struct glc_layer *layer,
                 const bool *before);

#endif
