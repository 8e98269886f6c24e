#include "format/kit/kit.h"
#include "format/macho/macho.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kit_fuzz(&glc_format_macho, data, size);
    kit_fuzz(&glc_format_macho_fat, data, size);
    return 0;
}
