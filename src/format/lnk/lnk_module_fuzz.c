#include "format/module/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return glc_fuzz_module(&glc_lnk_module, data, size);
}
