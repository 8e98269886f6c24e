#include "base/budget.h"

#include "base/file.h"

void glc_budget_init(struct glc_budget *b)
{
    *b = (struct glc_budget){
        .bytes = (uint64_t)4 << 30,
        .entries = 100000,
        .depth = 17,
        .ratio = 1000,
        .ratio_free = (uint64_t)64 << 20,
    };
}

static bool reached(struct glc_budget *b, const char *what)
{
    if (b->hit == NULL)
        b->hit = what;
    return false;
}

bool glc_budget_bytes(struct glc_budget *b, uint64_t n)
{
    if (n > b->bytes) {
        b->bytes = 0;
        return reached(b, "bytes");
    }
    b->bytes -= n;
    return true;
}

bool glc_budget_entry(struct glc_budget *b)
{
    if (b->entries == 0)
        return reached(b, "entries");
    b->entries--;
    return true;
}

bool glc_budget_time(struct glc_budget *b)
{
    if (b->deadline != 0 && glc_clock_ns() > b->deadline)
        return reached(b, "time");
    return true;
}
