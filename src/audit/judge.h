/* Judgement: instrument × scope × product class × date, to one outcome per finding with everything it rests
 * on.
 *
 * Continued commercial use is never called prohibited by an instrument that prohibits supply, and restricted
 * is never called malicious: outcomes are the register's words, and this file adds none. Nothing here is
 * legal advice. */
#ifndef GLC_AUDIT_JUDGE_H
#define GLC_AUDIT_JUDGE_H

#include "audit/evidence.h"

struct glc_question {
    struct glc_texts scopes;
    struct glc_asof asof;
    int64_t now;                /* the time of the report, whatever date is asked */
    struct glc_asof discovered; /* when what is found was found, for terms that run from discovery */
};

/* What one rule of one instrument says about one finding. */
struct glc_judgement {
    const struct glc_reg_instrument *instrument;
    const struct glc_reg_rule *rule;
    const struct glc_reg_exception *exception; /* or NULL */
    enum glc_outcome outcome;
    const char *why; /* one sentence */
    bool pending;    /* not in force yet at the date asked */
    int64_t days;    /* until (pending) or since the rule's `from` */
    char confidence; /* the weakest of rule, date and the evidence used */
};

struct glc_due {
    const struct glc_reg_instrument *instrument;
    const struct glc_reg_deadline *deadline;
    int64_t day;
    int64_t left; /* days from the date asked; negative: past */
    bool again;   /* the next of those that repeat, and not the first */
};

struct glc_finding {
    char id[16]; /* "F-1a2b3c4d", stable for the same target and product */
    uint32_t target;
    enum glc_outcome outcome;
    const struct glc_reg_product *product; /* NULL: only the maker is known */
    const struct glc_reg_entity *entity;   /* NULL for unknown */
    const char *name;                      /* of the product or what was found */
    const char *inside;                    /* what embeds it, or NULL */
    bool embedded;
    enum glc_presence presence;
    char confidence; /* of the best evidence */
    const struct glc_hit **hits;
    size_t nhits;
    struct glc_judgement *judgements; /* in force before not yet, severe before mild */
    size_t njudgements;
    struct glc_due *due;
    size_t ndue;
};

struct glc_report {
    const struct glc_audit *audit;
    const struct glc_question *question;
    struct glc_finding *findings; /* most severe first; unknowns are among them */
    size_t nfindings;
    size_t outside; /* restricted products whose instruments say nothing in this scope at this date */
    bool binds;     /* some outcome is use-prohibited, removal-due or supply-prohibited */
    bool unknown;   /* something could not be read */
};

/* Everything lives in the audit's arena. */
enum glc_err glc_judge(struct glc_audit *a, const struct glc_question *q, struct glc_report *out) GLC_CHECK;

/* 0 nothing binds, 1 something does, 2 unknown and nothing binds. */
int glc_report_exit(const struct glc_report *r);

bool glc_outcome_binds(enum glc_outcome o);

/* One sentence on what an outcome means; static. */
const char *glc_outcome_means(enum glc_outcome o);

#endif
