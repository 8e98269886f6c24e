#include "base/parts.h"

#include "base/file.h"

void glc_parts_done(struct glc_parts *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        glc_buf_done(&p->part[i]);
    p->n = 0;
}

bool glc_parts_take(struct glc_parts *p, struct glc_buf *b)
{
    if (b->failed || p->n == GLC_PARTS_MOST)
        return false;
    p->part[p->n++] = *b;
    glc_buf_init(b, b->cap);
    return true;
}

uint64_t glc_parts_size(const struct glc_parts *p)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < p->n; i++)
        size += p->part[i].len;
    return size;
}

bool glc_parts_join(const struct glc_parts *p, struct glc_buf *out)
{
    if (glc_buf_reserve(out, glc_parts_size(p)) == NULL)
        return false;
    for (uint32_t i = 0; i < p->n; i++)
        if (!glc_buf_put(out, p->part[i].ptr, p->part[i].len))
            return false;
    return true;
}

bool glc_parts_write(const struct glc_parts *p, int fd, uint64_t at)
{
    for (uint32_t i = 0; i < p->n; i++) {
        if (!glc_write_at(fd, glc_buf_span(&p->part[i]), at))
            return false;
        at += p->part[i].len;
    }
    return true;
}
