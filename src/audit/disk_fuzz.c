/* Disk images from any bytes: partition tables and every file system that is read. */
#include "audit/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_register reg = { 0 };
    struct glc_audit a;
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "fuzz", "x");
    glc_walk_disk(&a, "x", glc_span(data, size));
    glc_audit_end(&a);
    glc_audit_done(&a);
    return 0;
}
