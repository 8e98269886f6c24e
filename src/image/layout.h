/* The layout of a signature image: what src/compile writes and src/image and src/match read in place.
 *
 * Described in docs/PROTOCOL.image.md. Little-endian; every section starts on a multiple of 64, so that
 * records and cache-line buckets are aligned where the image is mapped. Offsets and indices only. A reader
 * takes nothing on trust: an index is compared with the number of records of the section it points into
 * before it is followed, a run (first, n) by subtraction; what fails gives GLC_CORRUPT. */
#ifndef GLC_IMAGE_LAYOUT_H
#define GLC_IMAGE_LAYOUT_H

#include "base/span.h"
#include "rule/class.h"
#include "rule/module.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "images are little-endian and read in place"
#endif

#define GLC_IMG_MAGIC "GLCIMG\r\n"
enum { GLC_IMG_VERSION = 8, GLC_IMG_ALIGN = 64 };

#define GLC_IMG_NONE UINT32_MAX

enum glc_img_section_id {
    GLC_IMG_STRINGS,   /* bytes: strings, each u32 length and its bytes; referred to by offset */
    GLC_IMG_RULES,     /* glc_img_rule */
    GLC_IMG_PATTERNS,  /* glc_img_pattern */
    GLC_IMG_VARIANTS,  /* glc_img_variant */
    GLC_IMG_ATOMS,     /* glc_img_atom */
    GLC_IMG_WINDOWS,   /* glc_img_window */
    GLC_IMG_REFS,      /* glc_img_ref */
    GLC_IMG_BYTES,     /* bytes: values and masks of atoms */
    GLC_IMG_CODE,      /* bytes: conditions and regular expressions, each on a multiple of 8 */
    GLC_IMG_LISTS,     /* u32: lists of rules, tags */
    GLC_IMG_METAS,     /* glc_img_meta */
    GLC_IMG_EXTERNALS, /* glc_img_external */
    GLC_IMG_SPACES,    /* glc_img_space */
    GLC_IMG_GATES,     /* glc_img_gate */
    GLC_IMG_GROUPS,    /* glc_img_group */
    GLC_IMG_ALWAYS,    /* glc_img_always */
    GLC_IMG_BITMAPS,   /* bytes */
    GLC_IMG_BUCKETS,   /* glc_img_bucket, the three tables one after another */
    GLC_IMG_ANCHORS,   /* glc_img_anchor */
    GLC_IMG_KEYS,      /* glc_img_key */
    GLC_IMG_HASHES,    /* glc_img_hashes: one record a table of hash signatures */
    GLC_IMG_HASH_DATA, /* bytes: directories, sizes, digests, names of these tables */
    GLC_IMG_FAMILIES,  /* glc_img_family */
    GLC_IMG_IR,        /* bytes: the rules as text (glacis dump --ir) */
    GLC_IMG_SECTIONS
};

struct glc_img_section {
    uint32_t id;
    uint32_t width; /* bytes a record; 1 where the section is bytes */
    uint64_t off, len;
    uint64_t sum; /* glc_img_sum of the section; looked at by glc_image_validate() only */
};

struct glc_img_header {
    char magic[8];
    uint32_t version, sections;
    uint64_t size;     /* of the whole image */
    uint64_t modules;  /* glc_modules_fingerprint(), 0: none needed */
    uint64_t asked;    /* modules that conditions ask: bit by index in the registry */
    uint64_t hashes;   /* hash signatures in all tables */
    uint64_t classes;  /* glc_image_classes() */
    uint64_t table[3]; /* buckets of the tables of each stage: first is implied, in order */
    uint64_t end; /* of a file's first image: glc_img_end() of the bytes that count, additions included */
    uint64_t sum; /* glc_img_sum of this header (with end and sum 0) and the section table */
};

enum { GLC_IMG_PRIVATE = 1, GLC_IMG_GLOBAL = 2, GLC_IMG_WITNESSED = 8 };

struct glc_img_rule {
    uint32_t name, space_name, file, line;
    uint32_t pattern, patterns; /* run in PATTERNS */
    uint32_t tag, tags;         /* run in LISTS: strings */
    uint32_t meta, metas;       /* run in METAS */
    uint32_t code, code_len;    /* condition in CODE */
    uint32_t notes, notes_len;  /* the same with what explain needs, or nothing */
    uint32_t classes;
    uint32_t gate;               /* in GATES, or NONE */
    uint64_t size_min, size_max; /* the layer's size must lie between, both included */
    uint32_t space;              /* in SPACES */
    uint8_t language, flags;
    uint16_t zero;
};

/* One of the values must stand at offset 0: (u32le at 0 & mask) == value; a layer of fewer than 4 bytes is
 * padded with zeroes, and `need` bytes must be there. */
enum { GLC_IMG_GATE_MOST = 4 };
struct glc_img_gate {
    uint32_t n, need;
    uint32_t value[GLC_IMG_GATE_MOST], mask[GLC_IMG_GATE_MOST];
};

struct glc_img_space {
    uint32_t name;
    uint32_t global, globals; /* run in LISTS: rules */
    uint32_t zero;
};

enum {
    GLC_IMG_HIDDEN = 1,
    GLC_IMG_ONE_PLACE = 2, /* anchor ANYWHERE; of its occurrences only those at `offset` are told */
    GLC_IMG_LONGEST = 4,
    GLC_IMG_SEARCHED = 8, /* the pass looks for it */
    GLC_IMG_COUNT_ENDS = 16,
    GLC_IMG_HEX = 32,
    GLC_IMG_QUIET = 64,    /* and it does not touch its own rule */
    GLC_IMG_ANY_WORD = 128 /* glc_pattern.any_word */
};

struct glc_img_pattern {
    uint32_t id; /* string */
    uint32_t rule;
    uint32_t variant, variants; /* run in VARIANTS */
    uint8_t anchor;             /* enum glc_anchor_kind */
    uint8_t flags;
    uint16_t zero;
    uint32_t section, shift;
    uint32_t zero2;
    int64_t offset;
};

enum {
    GLC_IMG_WIDE = 1,
    GLC_IMG_FULLWORD = 2,
    GLC_IMG_XORED = 4,
    GLC_IMG_REGEX = 8,
    GLC_IMG_THROUGH = 16,
    /* `code` is u32 options (rule/pcre.h) and the text of an expression for PCRE2; no atoms. */
    GLC_IMG_PCRE = 32,
};

/* A variant is one run of masked bytes (its only atom), or a regular expression in CODE with the atoms one of
 * which every match contains (none: nothing is known). */
struct glc_img_variant {
    uint32_t code, code_len; /* forwards */
    uint32_t back, back_len; /* the same expression backwards: finds starts */
    uint32_t atom, atoms;    /* run in ATOMS */
    uint8_t flags, key;
    uint16_t zero;
    uint32_t pattern;
};

/* Where atoms are at most so many and each may begin in so few places, a match's start is sought from them
 * and the expression has no backward code. */
enum { GLC_IMG_NEAR_ATOMS = 16, GLC_IMG_NEAR_SPREAD = 64 };

/* A run of masked bytes: byte i matches where (b & mask[i]) == value[i]; `len` values, then `len` masks in
 * BYTES. */
struct glc_img_atom {
    uint32_t bytes;
    uint32_t len;
    uint32_t variant;
    uint32_t near, far; /* where it may begin, counted from the match's start; far NONE: no bound */
    uint16_t rare[2];   /* its two rarest positions; NONE16: there is none */
    uint32_t exact;     /* 1: every mask is 0xff, and none is stored */
};
#define GLC_IMG_NONE16 0xffff

/* The folded key of a window (bytes OR 0x20), what all who want it agree on nearby, and who they are: where
 * 8 bytes of data lie `near` behind the key's place, (those & mask) == around must hold. */
struct glc_img_window {
    uint64_t value;
    uint64_t around, mask;
    int32_t near;
    uint32_t ref, refs; /* run in REFS */
    uint32_t zero;
};

struct glc_img_ref {
    uint32_t rule;    /* to be touched */
    uint32_t pattern; /* that occurs */
    uint32_t atom;
    int32_t at; /* of the window within the atom; may overhang */
};

/* 64 bytes, one cache line. fp[i] belongs to window[i]. `more`: entries went on into the next bucket
 * (cyclically). */
enum { GLC_IMG_BUCKET_ROOM = 10, GLC_IMG_BUCKET_PROBES = 8 };
struct glc_img_bucket {
    uint16_t fp[GLC_IMG_BUCKET_ROOM];
    uint8_t n, more, zero[2];
    uint32_t window[GLC_IMG_BUCKET_ROOM];
};

/* Windows are looked up by keys of three widths. Those of 8 bytes stand where the offset is a multiple of 4,
 * those of 4 bytes where it is a multiple of 2. A window of 4 bytes whose first or last may be any is kept
 * under the 3 others, and a key of 3 bytes is looked up in both places. */
enum { GLC_STAGE_8, GLC_STAGE_4, GLC_STAGE_3, GLC_STAGES };

/* Bitmaps of a group. The walk looks into MAP_FIRST by 4 bytes at every second place, and there tests what
 * the word that they choose says of windows of 4 bytes and, where the place is a multiple of 4, of 8
 * (glc_img_look). What passes is looked up in the bitmap of each width of keys. */
enum { GLC_MAP_8, GLC_MAP_KEY4, GLC_MAP_KEY3, GLC_MAP_FIRST, GLC_MAPS };

/* Classes that every rule treats alike share a group. Of several groups for a class the first one counts
 * whose gate is open: rules that demand first bytes which are not there are not in the other's bitmaps. */
struct glc_img_group {
    uint32_t classes;
    uint32_t gate;             /* in GATES, or NONE */
    uint32_t always, always_n; /* run in ALWAYS: rules without a witness */
    uint32_t bits[GLC_MAPS];   /* log2 of the bitmap's bits; 0: it is empty */
    uint64_t bitmap[GLC_MAPS]; /* offsets in BITMAPS */
};

/* Rules without a witness, or of which a part has none but demands first bytes, that ask for the same of
 * these, and share a guard: an expression without which none of them can hold, judged once for all. */
enum { GLC_IMG_STEADY = 1 /* the guard asks external variables only: it says the same of every layer */ };
struct glc_img_always {
    uint32_t gate;             /* in GATES, or NONE */
    uint32_t guard, guard_len; /* in CODE; 0 bytes: none */
    uint32_t rule, rules;      /* run in LISTS */
    uint32_t flags;
};

/* Windows that stand at a known place: 4, 2 or 1 bytes there are looked up among the keys. */
struct glc_img_anchor {
    uint8_t kind; /* enum glc_anchor_kind */
    uint8_t width;
    uint16_t zero;
    uint32_t section;
    int64_t offset;
    uint32_t classes;
    uint32_t key, keys; /* run in KEYS, sorted by key */
    uint32_t zero2;
};

struct glc_img_key {
    uint32_t key;
    uint32_t ref, refs; /* run in REFS; `at` counts from the place */
};

struct glc_img_meta {
    uint32_t key;
    uint32_t type;  /* enum glc_type */
    uint64_t value; /* string, integer or the bits of a double */
};

struct glc_img_external {
    uint32_t name;
    uint32_t type;
    uint64_t value;
};

/* Hash signatures of one algorithm and kind, sorted by size, then digest. All in HASH_DATA: `dir` counts of
 * entries below each size class (entries of size s lie in [dir[s >> shift], dir[(s >> shift) + 1]), `sizes`
 * u32 each, `digests`, `names` u32 each. any: sizes do not matter (no sizes; the directory is by the digest's
 * first 16 bits, shift unused). big: sizes are u64 and there is no directory. */
enum { GLC_IMG_SIZED, GLC_IMG_ANY, GLC_IMG_BIG };
struct glc_img_hashes {
    uint8_t alg, of, allow, kind;
    uint32_t shift;
    uint64_t n;
    uint64_t dir, dirs; /* offset, entries (u32) */
    uint64_t sizes, digests, names;
    uint64_t first; /* number of the table's first signature among all hash signatures */
};

/* Names of hash signatures. A name is a number: the family with the greatest `base` not above it gives the
 * text, and number − base − 1 the decimal figure that follows (none where number == base). */
struct glc_img_family {
    uint32_t base;
    uint32_t text; /* string */
};

/* Windows are folded by OR 0x20. The hash of a key gives its bucket by its top bits and the fingerprint by
 * bits 26 to 41. A bitmap's bit is the top bits of the same hash for keys of 8 bytes, and of a 32-bit hash
 * for shorter ones: 16 of those are made at a time. */
#define GLC_IMG_FOLD  UINT64_C(0x2020202020202020)
#define GLC_IMG_MIX   UINT64_C(0x9e3779b97f4a7c15)
#define GLC_IMG_MIX32 UINT32_C(0x9e3779b1)
/* What counts of 4 bytes in a first look. Five bits of those at the edges tell letters apart, and a window
 * that may have any byte there fills 32 places instead of 128. */
#define GLC_IMG_LOOK UINT32_C(0x1fffff1f)
enum { GLC_IMG_ANY_BYTES = 32 };

static inline uint64_t glc_img_hash(uint64_t folded)
{
    return folded * GLC_IMG_MIX;
}

static inline uint32_t glc_img_hash32(uint32_t folded)
{
    return folded * GLC_IMG_MIX32;
}

/* A first look: the top bits of this hash of 4 bytes choose a word of 32 bits. Its low half has, for each
 * window of 4 bytes, a bit in either byte that the same hash chooses; its high half, for each window of 8,
 * those that the hash of the last 4 bytes chooses. Each byte of the word has its own 3 bits of a hash, so
 * that vectors make the bits that are wanted with one shuffle. */
static inline uint32_t glc_img_look(uint32_t first)
{
    return glc_img_hash32(first & GLC_IMG_LOOK);
}

static inline uint32_t glc_img_look_4(uint32_t look)
{
    return UINT32_C(0x1) << (look >> 5 & 7) | UINT32_C(0x100) << (look >> 13 & 7);
}

static inline uint32_t glc_img_look_8(uint32_t last)
{
    uint32_t h = glc_img_hash32(last);
    return UINT32_C(0x10000) << (h >> 21 & 7) | UINT32_C(0x1000000) << (h >> 29 & 7);
}

static inline uint16_t glc_img_fp(uint64_t hash)
{
    return (uint16_t)(hash >> 26);
}

/* Where a file's images end, with 16 bits of check: one aligned word, so that whoever reads it while an
 * addition is written sees the old or the new. */
#define GLC_IMG_END_BITS UINT64_C(0xffffffffffff)

static inline uint64_t glc_img_end(uint64_t bytes)
{
    return (bytes & GLC_IMG_END_BITS) | (bytes * GLC_IMG_MIX >> 48) << 48;
}

/* A checksum against damage, not against malice: four multiply-xor lanes over 8-byte words. */
static inline uint64_t glc_img_sum(struct glc_span s)
{
    uint64_t lane[4] = { 1, 2, 3, 4 }, w;
    size_t i = 0;
    for (; i + 32 <= s.len; i += 32) {
        for (int k = 0; k < 4; k++) {
            memcpy(&w, s.ptr + i + 8 * k, 8);
            lane[k] = (lane[k] ^ w) * GLC_IMG_MIX;
            lane[k] ^= lane[k] >> 29;
        }
    }
    uint64_t h = s.len;
    for (; i < s.len; i++)
        h = (h ^ s.ptr[i]) * GLC_IMG_MIX;
    for (int k = 0; k < 4; k++)
        h = ((h ^ lane[k]) * GLC_IMG_MIX) ^ (h >> 31);
    return h;
}

/* Bytes a record of each section. */
extern const uint32_t glc_img_width[GLC_IMG_SECTIONS];

#endif
