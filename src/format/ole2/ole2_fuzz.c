#include "format/kit/kit.h"
#include "format/ole2/ole2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kit_fuzz(&glc_format_ole2, data, size);
    return 0;
}
