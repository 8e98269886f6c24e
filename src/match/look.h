/* Where in a block windows may stand. Internal to src/match. */
#ifndef GLC_MATCH_LOOK_H
#define GLC_MATCH_LOOK_H

#include "image/view.h"
#include "match/simd.h"

/* Bytes of a block, and what is written behind the last place of a list. */
enum { GLC_LOOK_BLOCK = 8192, GLC_LOOK_SLACK = 16 };

struct glc_bitmap {
    const uint8_t *bits; /* NULL: empty */
    unsigned log2;       /* of its bits */
};

struct glc_look {
    struct glc_bitmap map[GLC_MAPS];
    bool avx2, avx512;
    bool short_keys;          /* there are windows of 4 bytes */
    uint32_t *at[GLC_STAGES]; /* places, counted from the block's start; BLOCK + SLACK of each */
    uint32_t n[GLC_STAGES];
};

/* The group's bitmaps, and lists of the caller's; `simd` is one that this machine has. False: nothing is
 * searched for. */
bool glc_look_init(struct glc_look *k, const struct glc_image *img, const struct glc_img_group *group,
                   enum glc_simd simd, uint32_t *const at[GLC_STAGES]);

/* The places in [0, len) of the block, `len` ≤ BLOCK a multiple of 4, where a key of each stage may stand, in
 * order; 16 bytes behind it can be read. */
void glc_look_block(struct glc_look *k, const uint8_t *block, uint32_t len);

/* The 8 bytes at p, folded. */
static inline uint64_t glc_look_fold(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return w | GLC_IMG_FOLD;
}

#endif
