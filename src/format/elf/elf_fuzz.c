#include "format/elf/elf.h"
#include "format/kit/kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kit_fuzz(&glc_format_elf, data, size);
    return 0;
}
