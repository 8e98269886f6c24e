/* Removal and migration: the steps of a plan, as data; and a settings export of a restricted product in
 * Glacis' terms. */
#ifndef GLC_AUDIT_PLAN_H
#define GLC_AUDIT_PLAN_H

#include "audit/judge.h"
#include "base/buf.h"

/* Strings are of the register, the audit's arena or literals; NULL where there is none. */
struct glc_plan_detail {
    const char *on;   /* the package format or system that the command is for */
    const char *text; /* a path of leftovers, or a sentence; may be of a hostile file */
    const char *command;
    char confidence; /* 0: not a fact of the register */
    bool found;      /* was there at this audit */
};

struct glc_plan_step {
    /* "make-readable", "keep-record", "find-out", "plan-by-risk", "replace", "prove", "cover", "remove",
     * "leftovers", "audit-again" */
    const char *action;
    const char *text;
    const struct glc_finding **findings; /* those the step is for; none: the whole target */
    size_t nfindings;
    struct glc_plan_detail *details;
    size_t ndetails;
};

/* The steps of one target, to be done in this order. */
struct glc_plan_target {
    uint32_t target;
    const struct glc_finding **findings;
    size_t nfindings;
    struct glc_plan_step *steps;
    size_t nsteps;
};

/* Targets in the order to work on them; those without a finding are not among them. */
struct glc_plan {
    struct glc_plan_target *targets;
    size_t ntargets;
};

/* Everything lives in the audit's arena. On a target every replacement comes before the first removal, every
 * removal of what is managed before that of what manages it, and leftovers come after all removals. */
enum glc_err glc_plan_make(struct glc_audit *a, const struct glc_report *r, struct glc_plan *out) GLC_CHECK;

/* The settings of `product` that the audit holds, by the register: first lines for glacis.conf, then as
 * comments what is decided otherwise, what is planned, every key that has no equivalent, and what could not
 * be read. They are a hostile file's: no value ends a line or hides in one. */
void glc_plan_import(const struct glc_audit *a, const char *product, struct glc_buf *out);

/* The same as data, in the order of the file. */
void glc_plan_import_json(const struct glc_audit *a, const char *product, struct glc_buf *out);

#endif
