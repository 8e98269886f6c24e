/* A whole disk image from any bytes: formats, partition tables, LVM and every file system. What a file system
 * needs far into the image (Btrfs' superblock at 64 KiB, an ISO's at 32) seeds bring along; bytes of value
 * 0xfd and a 24-bit length are runs of zeros, so that they stay small. */
#include "audit/disk.h"
#include "audit/judge.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 16 << 20 };

/* Runs of zeros put back. */
static struct glc_span spread(struct glc_span in, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len && n < MOST; i++) {
        if (in.ptr[i] != 0xfd || in.len - i < 4) {
            out[n++] = in.ptr[i];
            continue;
        }
        size_t run = (size_t)in.ptr[i + 1] | (size_t)in.ptr[i + 2] << 8 | (size_t)in.ptr[i + 3] << 16;
        run = run < MOST - n ? run : MOST - n;
        if (run == 0)
            out[n++] = 0xfd;
        memset(out + n, 0, run);
        n += run;
        i += 3;
    }
    return glc_span(out, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct glc_register reg;
    struct glc_audit a;
    struct glc_disks all;
    uint8_t *image = malloc(MOST);
    if (image == NULL)
        return 0;
    struct glc_span s = spread(glc_span(data, size), image);
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "fuzz", "x");
    glc_disks_init(&all, &a, s.len / 16);
    const struct glc_disk *d = glc_disk_span(&all, s);
    if (d != NULL)
        glc_disk_image(d, "x");
    glc_disks_done(&all);
    glc_audit_end(&a);
    glc_audit_done(&a);
    free(image);
    return 0;
}
