/* The three modules that read OLE2. */
#include "format/module/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)glc_fuzz_module(&glc_olecf_module, data, size);
    (void)glc_fuzz_module(&glc_vba_module, data, size);
    return glc_fuzz_module(&glc_msi_module, data, size);
}
