/* rpm's databases from any bytes. */
#include "audit/rpmdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void each(void *ctx, const struct glc_rpm_package *p)
{
    volatile uint8_t last = p->name.ptr[p->name.len - 1];
    (void)last;
    (void)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_error err;
    struct glc_rpm_package p;
    struct glc_span s = glc_span(data, size);
    (void)!glc_rpm_db(s, each, NULL, &err);
    (void)!glc_rpm_header(s, &p, &err);
    return 0;
}
