#include "format/module/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return glc_fuzz_module(&glc_dex_module, data, size) + glc_fuzz_module(&glc_dex_x_module, data, size);
}
