#include "format/module/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)glc_fuzz_module(&glc_ooxml_module, data, size);
    return glc_fuzz_module(&glc_zip_module, data, size);
}
