/* Hash signatures: HASH:SIZE:NAME[:MINLEVEL[:MAXLEVEL]] (hdb hsb fp sfp imp), SIZE:HASH:NAME[:…] (mdb msb).
 * Millions of lines: one pass over each, no memory but the set's own. The length of the hash says its
 * algorithm. */
#include "lang/clam/line.h"

#include "base/num.h"

enum { MOST_FIELDS = 5 };

/* Value of a hex digit with bit 4 set; 0 for anything else. */
static const uint8_t digit[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22, ['7'] = 23,
    ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
    ['A'] = 26, ['B'] = 27, ['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31,
};

static bool algorithm_of(size_t digits, uint8_t *alg)
{
    for (unsigned a = 0; a < GLC_DIGEST_ALGS; a++) {
        if (digits == 2 * glc_digest_len((enum glc_digest_alg)a)) {
            *alg = (uint8_t)a;
            return true;
        }
    }
    return false;
}

static bool parse_digest(const struct glc_clam *c, struct glc_span text, struct glc_hash_sig *sig)
{
    if (!algorithm_of(text.len, &sig->alg))
        return glc_clam_tell(c, GLC_ERROR, text.ptr, text.len, "not the length of an MD5, SHA-1 or SHA-256",
                             NULL);
    uint8_t all = 16;
    for (size_t i = 0; i < text.len; i += 2) {
        uint8_t hi = digit[text.ptr[i]], lo = digit[text.ptr[i + 1]];
        all &= hi & lo;
        sig->digest[i / 2] = (uint8_t)((hi & 15) << 4 | (lo & 15));
    }
    if (all != 0)
        return true;
    for (size_t i = 0;; i++)
        if (digit[text.ptr[i]] == 0)
            return glc_clam_wrong(c, text.ptr + i, "not a hex digit");
}

static bool parse_size(const struct glc_clam *c, struct glc_span text, struct glc_span level,
                       struct glc_hash_sig *sig)
{
    uint64_t size;
    if (glc_span_is(text, "*")) {
        if (glc_clam_level_of(level) < GLC_CLAM_LEVEL_ANY_SIZE)
            return glc_clam_tell(c, GLC_ERROR, text.ptr, 1,
                                 "a hash of any size needs a functionality level of 73 or more",
                                 "write HASH:*:NAME:73");
        sig->size = GLC_ANY_SIZE;
        return true;
    }
    if (!glc_num_u64(text, &size) || size == 0 || size > UINT32_MAX)
        return glc_clam_tell(c, GLC_ERROR, text.ptr, text.len, "not a size", "1 to 4294967295, or *");
    sig->size = size;
    return true;
}

enum glc_clam_end glc_clam_hash_line(struct glc_clam *c, enum glc_clam_kind kind)
{
    struct glc_span field[MOST_FIELDS];
    size_t n = glc_clam_split(c->text, ':', field, MOST_FIELDS);
    if (n < 3) {
        glc_clam_wrong(c, c->text.ptr + c->text.len, "cut short: HASH, SIZE and NAME are wanted");
        return GLC_CLAM_REFUSED;
    }
    if (n > MOST_FIELDS) {
        glc_clam_wrong(c, field[MOST_FIELDS - 1].ptr + field[MOST_FIELDS - 1].len, "more than five fields");
        return GLC_CLAM_REFUSED;
    }
    bool section = kind == GLC_CLAM_SECTION;
    struct glc_hash_sig sig = {
        .of = section                    ? GLC_HASH_SECTION
              : kind == GLC_CLAM_IMPORTS ? GLC_HASH_IMPORTS
                                         : GLC_HASH_FILE,
        .allow = c->allow,
        .source = UINT8_MAX,
    };
    struct glc_span none = glc_span(NULL, 0), min = n > 3 ? field[3] : none, max = n > 4 ? field[4] : none;
    if (!parse_digest(c, field[section ? 1 : 0], &sig) || !parse_size(c, field[section ? 0 : 1], min, &sig) ||
        !glc_clam_name(c, field[2]))
        return GLC_CLAM_REFUSED;
    if (n > 3 && !glc_clam_level(min, max))
        return glc_clam_skip(c, field[3]);
    if (!glc_ruleset_add_hash(c->set, &sig, field[2])) {
        c->set->arena->failed = true;
        return GLC_CLAM_REFUSED;
    }
    return GLC_CLAM_TAKEN;
}
