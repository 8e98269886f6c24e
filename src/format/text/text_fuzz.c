#include "format/kit/kit.h"
#include "format/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kit_fuzz(&glc_format_text, data, size);
    return 0;
}
