/* The forms of a report. Every one appends to a buffer (look at `failed` once) and changes nothing. */
#ifndef GLC_AUDIT_REPORT_H
#define GLC_AUDIT_REPORT_H

#include "audit/judge.h"
#include "base/json.h"

extern const char glc_report_disclaimer[]; /* said once in every form that people read */

void glc_report_text(const struct glc_report *r, struct glc_buf *out);
void glc_report_json(const struct glc_report *r, struct glc_buf *out);
void glc_report_csv(const struct glc_report *r, struct glc_buf *out);
void glc_report_sarif(const struct glc_report *r, struct glc_buf *out);     /* SARIF 2.1.0 */
void glc_report_cyclonedx(const struct glc_report *r, struct glc_buf *out); /* CycloneDX 1.6 */
void glc_report_oscal(const struct glc_report *r, struct glc_buf *out); /* OSCAL assessment results 1.1.2 */
void glc_report_html(const struct glc_report *r, struct glc_buf *out);  /* one file, prints well */

/* One finding with everything it rests on, as text. */
void glc_report_explain(const struct glc_report *r, const struct glc_finding *f, struct glc_buf *out);

/* The plan of a report (audit/plan.h), for people and as JSON. */
struct glc_plan;
void glc_report_plan(const struct glc_report *r, const struct glc_plan *p, struct glc_buf *out);
void glc_report_plan_json(const struct glc_report *r, const struct glc_plan *p, struct glc_buf *out);

/* The whole register, and what it says of a product, an instrument or an entity, or of the instrument whose
 * citation has the text (false: nothing). */
void glc_report_rules(const struct glc_register *r, struct glc_buf *out);
bool glc_report_entry(const struct glc_register *r, const char *id, struct glc_buf *out);

/* The same as JSON, and one finding with everything it rests on. */
void glc_report_explain_json(const struct glc_report *r, const struct glc_finding *f, struct glc_buf *out);
bool glc_report_entry_json(const struct glc_register *r, const char *id, struct glc_buf *out);
void glc_report_rules_json(const struct glc_register *r, struct glc_buf *out);

/* Text of a file, made safe for a terminal; NULL is empty. */
void glc_report_safe(struct glc_buf *out, const char *s);

/* "updates stop in 5 days", "785 days since the last possible update"; empty where the rule has no such
 * words. */
void glc_report_countdown(const struct glc_judgement *j, char *out, size_t room);

/* "in 3 days", "today", "1 day ago". */
void glc_report_days_left(int64_t left, char *out, size_t room);

/* The date asked, in words. */
void glc_report_asof(const struct glc_report *r, char out[64]);

/* A character of `n` bytes (0: not UTF-8) that no report shows as it is: controls, and what turns the order
 * of the text around it or takes no room. */
bool glc_report_hidden(const uint8_t *p, size_t n);

#endif
