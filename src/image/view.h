/* An opened image as the matcher sees it: sections as typed tables. Internal to image, match and compile's
 * tests. */
#ifndef GLC_IMAGE_VIEW_H
#define GLC_IMAGE_VIEW_H

#include "base/digest.h"
#include "image/image.h"
#include "image/layout.h"
#include "rule/pattern.h"

struct glc_image {
    struct glc_span bytes;
    const struct glc_img_header *head;
    struct {
        const uint8_t *ptr;
        uint64_t len; /* bytes */
        uint64_t n;   /* records */
    } section[GLC_IMG_SECTIONS];
    uint32_t rules; /* of the RULES section */
};

/* The i-th record of a section, or NULL past its end. */
static inline const void *glc_image_at(const struct glc_image *img, enum glc_img_section_id id, uint64_t i,
                                       size_t width)
{
    return i < img->section[id].n ? img->section[id].ptr + i * width : NULL;
}

/* `n` records from `first` on, or NULL where the section does not hold them (a valid pointer for n == 0). */
static inline const void *glc_image_run(const struct glc_image *img, enum glc_img_section_id id,
                                        uint64_t first, uint64_t n, size_t width)
{
    if (first > img->section[id].n || n > img->section[id].n - first)
        return NULL;
    return img->section[id].ptr + first * width;
}

/* The values of an atom, and its masks (NULL: all 0xff); NULL where it is damaged. */
static inline const uint8_t *glc_image_atom(const struct glc_image *img, const struct glc_img_atom *a,
                                            const uint8_t **mask)
{
    const uint8_t *p =
        glc_image_run(img, GLC_IMG_BYTES, a->bytes, (uint64_t)a->len * (a->exact != 0 ? 1 : 2), 1);
    *mask = p != NULL && a->exact == 0 ? p + a->len : NULL;
    return p;
}

/* A string of the STRINGS section; false where it is damaged. */
bool glc_image_string(const struct glc_image *img, uint32_t off, struct glc_span *out) GLC_CHECK;

/* The record of hash signature number `i` (counted from 0 over all tables): table and index in it. */
const struct glc_img_hashes *glc_image_hash_table(const struct glc_image *img, uint64_t i, uint64_t *index);

/* The text of a hash signature's name, appended to `out`; false where the image is damaged. */
bool glc_image_hash_name(const struct glc_image *img, uint32_t name, struct glc_buf *out) GLC_CHECK;

#endif
