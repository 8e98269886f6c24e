/* Random rules for property tests. */
#ifndef GLC_TESTS_RANDOM_RULE_H
#define GLC_TESTS_RANDOM_RULE_H

#include "random_re.h"
#include "rule/rule.h"

/* Append a rule to the set: up to five patterns of every kind, a condition of every operator that needs no
 * module. Patterns from `donor` (NULL: none) are repeated now and then. */
struct glc_rule *random_rule(struct random *r, struct glc_ruleset *set);

#endif
