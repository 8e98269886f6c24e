#include "format/kit/kit.h"
#include "format/pe/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kit_fuzz(&glc_format_pe, data, size);
    return 0;
}
