/* A signature image: what `glacis compile` writes and the matcher reads in place. Mapped, read-only,
 * position-independent (offsets, never pointers), versioned, described in docs/PROTOCOL.image.md. */
#ifndef GLC_IMAGE_IMAGE_H
#define GLC_IMAGE_IMAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "rule/module.h"

struct glc_image; /* a checked view of mapped bytes; holds no copy of them */

/* Check the header and the section table (constant time) and make a view. `bytes` must outlive it and be
 * aligned to 8. `modules` is the registry the image must have been compiled against (its fingerprint is
 * compared); NULL: an image that calls no module. What lies in the sections is bounds-checked where it is
 * read: a damaged image gives GLC_CORRUPT from a scan, never a crash. */
enum glc_err glc_image_open(struct glc_span bytes, const struct glc_modules *modules, struct glc_image **out,
                            struct glc_error *err) GLC_CHECK;
void glc_image_free(struct glc_image *img);

/* For who opens an image and calls no module: nothing is compared. */
extern const struct glc_modules glc_image_any_modules;

/* An image file holds one image or several, one behind another, each on a multiple of GLC_IMG_ALIGN: `glacis
 * compile --add-to` appends a small one instead of compiling a big set again. The header of the first says
 * where the last ends (one word, written after what it counts is on the disk): what lies behind that is an
 * addition that was not finished, and is not looked at. Opens all; *n are filled. On failure none is left
 * open. *end: 0, and is set to where they end; or what it was set to before, for a process that must see what
 * another saw. */
enum { GLC_IMAGE_SEGMENTS = 16 };
enum glc_err glc_image_open_all(struct glc_span bytes, const struct glc_modules *modules, uint64_t *end,
                                struct glc_image *out[GLC_IMAGE_SEGMENTS], uint32_t *n,
                                struct glc_error *err) GLC_CHECK;

/* Walk everything (linear in the image): what the installer of an image does once. */
enum glc_err glc_image_validate(const struct glc_image *img, struct glc_error *err) GLC_CHECK;

struct glc_image_stats {
    uint32_t rules, patterns, externals;
    uint64_t hashes;
    uint64_t bytes;
};
void glc_image_stats(const struct glc_image *img, struct glc_image_stats *out);

/* The classes of layers that at least one rule names for itself, as a mask: what no rule asks for (normalised
 * text) need not be made. Rules for every class (GLC_CLASS_ALL) do not count. */
uint32_t glc_image_classes(const struct glc_image *img);

/* Does a condition ask the module of that index in the registry? */
bool glc_image_asks(const struct glc_image *img, uint32_t module);

/* The rule's printable parts, as spans into the image. Indices of hash signatures come after those of rules.
 */
struct glc_rule_info {
    struct glc_span name, space, file;
    uint32_t line;
    uint8_t language; /* enum glc_language */
    bool is_private, is_global;
    uint32_t tags, metas, patterns;
};
enum glc_err glc_image_rule(const struct glc_image *img, uint32_t rule, struct glc_rule_info *out) GLC_CHECK;
enum glc_err glc_image_tag(const struct glc_image *img, uint32_t rule, uint32_t i,
                           struct glc_span *out) GLC_CHECK;

struct glc_meta_info {
    struct glc_span key;
    uint8_t type; /* enum glc_type: STRING, INT, BOOL, FLOAT */
    struct glc_span text;
    int64_t integer;
    double real;
};
enum glc_err glc_image_meta(const struct glc_image *img, uint32_t rule, uint32_t i,
                            struct glc_meta_info *out) GLC_CHECK;

struct glc_pattern_info {
    struct glc_span id;
    bool hidden;
    bool hex; /* was written as a hex string */
};
enum glc_err glc_image_pattern(const struct glc_image *img, uint32_t rule, uint32_t i,
                               struct glc_pattern_info *out) GLC_CHECK;

/* The rules as text (`glacis dump --ir`); empty where the image was compiled without. */
struct glc_span glc_image_ir(const struct glc_image *img);

/* Print what `glacis dump IMAGE` shows: header, sections, tables' sizes and fill, rules. */
void glc_image_dump(const struct glc_image *img, struct glc_buf *out);

#endif
