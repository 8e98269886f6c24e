/* A settings export of a restricted product, in Glacis' terms. */
#ifndef GLC_AUDIT_PLAN_H
#define GLC_AUDIT_PLAN_H

#include "audit/register.h"
#include "base/buf.h"

/* INI text (sections, key=value, # comments) of `product`, by the register's settings: first lines for
 * glacis.conf, then as comments what is decided otherwise, what is planned, and every key that has no
 * equivalent. False, and nothing written, where it is no such export. */
bool glc_plan_import(const struct glc_register *r, const char *product, struct glc_span ini,
                     struct glc_buf *out) GLC_CHECK;

#endif
