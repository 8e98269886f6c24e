/* Any text as an expression, on any data: options (2 bytes), length of the text, text, data. */
#include "rule/pcre.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    uint32_t options = (data[0] | (uint32_t)data[1] << 8) & GLC_PCRE_OPTIONS;
    size_t len = data[2] < size - 3 ? data[2] : size - 3;
    struct glc_span text = glc_span(data + 3, len), rest = glc_span(data + 3 + len, size - 3 - len);
    struct glc_pcre_room *room = glc_pcre_room_new(1 << 22);
    struct glc_pcre *p = NULL;
    char message[GLC_PCRE_MESSAGE];
    size_t off;
    if (room != NULL && glc_pcre_new(room, text, options, &p, message, &off) == GLC_OK) {
        struct glc_pcre_match m = { .found = true };
        for (size_t from = 0; m.found && from <= rest.len; from = m.end > from ? m.end : from + 1)
            if (glc_pcre_find(p, rest, from, rest.len, 2000, &m) != GLC_OK)
                break;
            else if (m.found && (m.start > m.end || m.end > rest.len))
                abort();
    }
    glc_pcre_free(p);
    glc_pcre_room_free(room);
    return 0;
}
