/* Whichever of libarchive's readers the first bytes call for; where they call for none, the filters. */
#include "format/kit/kit.h"
#include "format/libarchive/libarchive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct glc_format *const ours[] = {
        &glc_format_sevenzip, &glc_format_rar, &glc_format_cab,  &glc_format_lha,   &glc_format_ar,
        &glc_format_cpio,     &glc_format_iso, &glc_format_warc, &glc_format_filter
    };
    const struct glc_format *format = glc_format_of(glc_span(data, size));
    size_t i = 0;
    while (i + 1 < sizeof ours / sizeof *ours && ours[i] != format)
        i++;
    kit_fuzz(ours[i], data, size);
    return 0;
}
