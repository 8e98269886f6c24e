/* Entities of HTML 4. */
#ifndef GLC_FORMAT_HTML_HTML_ENTITY_H
#define GLC_FORMAT_HTML_HTML_ENTITY_H

#include "base/span.h"

/* A decoded entity: bytes of input it took (0: none here), and what it stands for. */
struct glc_html_entity {
    size_t len;
    uint32_t code;
    bool ended; /* by a semicolon */
};

/* The entity at the start of `s`, which begins with '&'. */
struct glc_html_entity glc_html_entity(struct glc_span s);

#endif
