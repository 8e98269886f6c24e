/* A whole disk image from any bytes: formats, partition tables, LVM and every file system. What a file system
 * needs far into the image (Btrfs' superblock at 64 KiB, an ISO's at 32) seeds bring along; bytes of value
 * 0xfd and a 24-bit length are runs of zeros, so that they stay small.
 *
 * The image lies in memory that is kept, and is zero between inputs: fresh pages, and clearing all of it,
 * would take most of the time. What lies behind the image is poisoned where the sanitizer is there. */
#include "audit/disk.h"
#include "audit/judge.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONED 1
#endif
#endif
#ifdef POISONED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n)   ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 16 << 20, BEHIND = 4096 };

/* Runs of zeros put back into what is zero; or, with `clear`, made zero again. */
static struct glc_span spread(struct glc_span in, uint8_t *out, bool clear)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len && n < MOST; i++) {
        if (in.ptr[i] != 0xfd || in.len - i < 4) {
            out[n++] = clear ? 0 : in.ptr[i];
            continue;
        }
        size_t run = (size_t)in.ptr[i + 1] | (size_t)in.ptr[i + 2] << 8 | (size_t)in.ptr[i + 3] << 16;
        if (run == 0)
            out[n++] = clear ? 0 : 0xfd;
        n += run < MOST - n ? run : MOST - n;
        i += 3;
    }
    return glc_span(out, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct glc_register reg;
    static uint8_t *image;
    struct glc_audit a;
    struct glc_disks all;
    if (image == NULL)
        image = calloc(1, MOST + BEHIND);
    if (image == NULL)
        return 0;
    struct glc_span s = spread(glc_span(data, size), image, false);
    ASAN_POISON_MEMORY_REGION(image + s.len, BEHIND);
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "fuzz", "x");
    glc_disks_init(&all, &a, s.len / 16);
    const struct glc_disk *d = glc_disk_span(&all, s);
    if (d != NULL)
        glc_disk_image(d, "x");
    glc_disks_done(&all);
    glc_audit_end(&a);
    glc_audit_done(&a);
    ASAN_UNPOISON_MEMORY_REGION(image + s.len, BEHIND);
    spread(glc_span(data, size), image, true);
    return 0;
}
