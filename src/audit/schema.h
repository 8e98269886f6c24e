/* JSON against a JSON Schema: the part of draft 2020-12 that restrictions/schema.json uses.
 *
 * type, enum, required, properties, additionalProperties: false, items, minItems, minLength, pattern (as
 * POSIX extended expressions), minimum, and $ref to #/$defs/…. Another keyword that constrains is itself a
 * fault, so that a schema never says more than is checked. */
#ifndef GLC_AUDIT_SCHEMA_H
#define GLC_AUDIT_SCHEMA_H

#include "audit/register.h"

#include <jansson.h>

/* The number of faults, each told with a JSON pointer into `value`. */
size_t glc_schema_check(const json_t *schema, const json_t *value, const char *file,
                        glc_register_fault *fault, void *ctx);

#endif
