#include "format/kit/kit.h"
#include "format/stream/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct glc_format *const all[] = { &glc_format_gzip, &glc_format_bzip2, &glc_format_xz,
                                                    &glc_format_lzma, &glc_format_lzip,  &glc_format_zstd };
    const struct glc_format *f = glc_format_of(glc_span(data, size));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (f == all[i])
            kit_fuzz(f, data, size);
    return 0;
}
