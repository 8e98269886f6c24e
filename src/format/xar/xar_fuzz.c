#include "format/kit/kit.h"
#include "format/xar/xar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kit_fuzz(&glc_format_xar, data, size);
    return 0;
}
