/* A named pattern of a rule: YARA's `$a`, ClamAV's subsignature. */
#ifndef GLC_RULE_PATTERN_H
#define GLC_RULE_PATTERN_H

#include "rule/pcre.h"
#include "rule/re.h"

/* One way in which a pattern may appear (plain, wide, one xor key, one base64 alignment). A pattern occurs
 * where any of its variants does. */
struct glc_variant {
    struct glc_re *re;
    bool wide;     /* re was widened: word characters for \b and fullword are two bytes, the second zero */
    bool fullword; /* neither neighbour is alphanumeric */
    bool xored;    /* re was made with this key */
    bool through;  /* fullword looks at the neighbours through the key (YARA-X), not as they are (YARA) */
    uint8_t key;
};

/* Where a pattern may start. Positions are file offsets of the layer. */
enum glc_anchor_kind {
    GLC_ANYWHERE,
    GLC_FROM_START,        /* offset */
    GLC_FROM_END,          /* size − offset (offset ≥ 0) */
    GLC_FROM_ENTRY,        /* ClamAV's EP + offset (may be negative) */
    GLC_FROM_ENTRYPOINT,   /* YARA's `entrypoint` + offset */
    GLC_FROM_SECTION,      /* start of section `section` + offset */
    GLC_FROM_LAST_SECTION, /* start of the last section + offset */
    GLC_IN_SECTION,      /* starts in section `section`, its end included: offset <= start <= offset + size */
    GLC_IN_VERSION_INFO, /* anywhere inside the PE version information */
};

struct glc_anchor {
    enum glc_anchor_kind kind;
    uint32_t section; /* 0-based */
    int64_t offset;
    uint32_t shift; /* the start may lie up to this many bytes later (ClamAV's MaxShift) */
};

/* Which length is reported for a match at a given start. */
enum glc_extent {
    GLC_SHORTEST, /* hex strings, lazy regular expressions */
    GLC_LONGEST,  /* greedy regular expressions */
};

struct glc_pattern {
    const char *id; /* "$a", "$" for an anonymous one, ClamAV: the subsignature's number in decimal */
    struct glc_variant *variant;
    uint32_t variants; /* at least 1, but 0 where `pcre` is set */
    /* A regular expression of ClamAV's in place of variants: its text, and enum glc_pcre_option. */
    struct glc_span pcre;
    uint32_t pcre_options;
    enum glc_extent extent;
    struct glc_anchor anchor;
    bool hex;          /* written as a hex string: shown as such */
    bool hidden;       /* YARA's `private` modifier: found, but not reported */
    bool unreferenced; /* no condition mentions it (YARA: names that begin with `_`) */
    /* ClamAV counts a body with jumps (ab*cd) once for every place where its last part stands, not where its
     * first does: the count is of different ends. Set only where a condition counts the pattern. */
    bool count_ends;
    /* fullword: a start counts where any of its matches is a full word, and `extent` chooses among those;
     * otherwise where the one that `extent` chooses is. */
    bool any_word;
    uint32_t line; /* source line, for reports */
};

#endif
