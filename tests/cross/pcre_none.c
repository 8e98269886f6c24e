/* rule/pcre.h without PCRE2, for cross builds that test the engine: expressions are taken unseen, and none
 * can be looked for. */
#include "rule/pcre.h"

#include <stdlib.h>

struct glc_pcre {
    char nothing;
};

struct glc_pcre_room {
    char nothing;
};

struct glc_pcre_room *glc_pcre_room_new(size_t most_bytes)
{
    (void)most_bytes;
    return calloc(1, sizeof(struct glc_pcre_room));
}

void glc_pcre_room_free(struct glc_pcre_room *room)
{
    free(room);
}

enum glc_err glc_pcre_new(struct glc_pcre_room *room, struct glc_span text, uint32_t options,
                          struct glc_pcre **out, char message[GLC_PCRE_MESSAGE], size_t *off)
{
    (void)room;
    (void)text;
    (void)options;
    (void)message;
    (void)off;
    struct glc_pcre *p = calloc(1, sizeof *p);
    if (p == NULL)
        return GLC_NOMEM;
    *out = p;
    return GLC_OK;
}

void glc_pcre_free(struct glc_pcre *p)
{
    free(p);
}

bool glc_pcre_anchored(const struct glc_pcre *p)
{
    (void)p;
    return false;
}

bool glc_pcre_has_first(const struct glc_pcre *p)
{
    (void)p;
    return false;
}

size_t glc_pcre_next(const struct glc_pcre *p, struct glc_span data, size_t from)
{
    (void)p;
    (void)data;
    return from;
}

enum glc_err glc_pcre_find(const struct glc_pcre *p, struct glc_span data, size_t from, size_t last,
                           uint32_t steps, struct glc_pcre_match *out)
{
    (void)p;
    (void)data;
    (void)from;
    (void)last;
    (void)steps;
    (void)out;
    return GLC_UNSUPPORTED;
}
