/* Property lists from any bytes. */
#include "audit/plist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_buf out;
    glc_buf_init(&out, 65536);
    (void)!glc_plist_string(glc_span(data, size), "CFBundleIdentifier", &out);
    glc_buf_done(&out);
    return 0;
}
