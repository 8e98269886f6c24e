/* The module `hash`: digests and checksums of ranges of the layer and of strings. YARA manual, "Hash module".
 * Digests are lower-case hex.
 *
 * A digest of a range is computed once per layer: rule sets ask for the same few ranges of every file. */
#include "format/module/modules.h"
#include "format/module/value.h"

#include "base/digest.h"

#include <libdeflate.h>

/* Remembered digests of one layer; more questions than this are answered without memory. */
enum { REMEMBERED = 64 };

struct hash_cache {
    struct {
        struct glc_span range;
        enum glc_digest_alg alg;
        struct glc_value value;
    } known[REMEMBERED];
    uint32_t n;
};

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    (void)member;
    *own = glc_arena_alloc(ctx->arena, sizeof(struct hash_cache));
}

static struct glc_value digest_text(const struct glc_module_ctx *ctx, enum glc_digest_alg alg,
                                    struct glc_span s)
{
    uint8_t out[GLC_DIGEST_MAX];
    struct glc_digest *d = glc_digest_new(alg);
    bool ok = d != NULL && glc_digest_of(d, s, out);
    glc_digest_free(d);
    return ok ? glc_value_cstr(glc_value_hex(ctx->arena, glc_span(out, glc_digest_len(alg))))
              : glc_value_undefined(GLC_T_STRING);
}

static struct glc_value digest_range(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                     const struct glc_value *args, enum glc_digest_alg alg)
{
    struct hash_cache *cache = root->u.own;
    struct glc_span s;
    if (!glc_value_range(ctx, args, &s))
        return glc_value_undefined(GLC_T_STRING);
    for (uint32_t i = 0; cache != NULL && i < cache->n; i++)
        if (cache->known[i].alg == alg && cache->known[i].range.ptr == s.ptr &&
            cache->known[i].range.len == s.len)
            return cache->known[i].value;
    struct glc_value v = digest_text(ctx, alg, s);
    if (cache != NULL && cache->n < REMEMBERED) {
        cache->known[cache->n].range = s;
        cache->known[cache->n].alg = alg;
        cache->known[cache->n++].value = v;
    }
    return v;
}

#define CALL(name)                                                                                           \
    static struct glc_value name(const struct glc_module_ctx *ctx, const struct glc_value *root,             \
                                 const struct glc_value *args)

CALL(md5_range)
{
    return digest_range(ctx, root, args, GLC_MD5);
}

CALL(sha1_range)
{
    return digest_range(ctx, root, args, GLC_SHA1);
}

CALL(sha256_range)
{
    return digest_range(ctx, root, args, GLC_SHA256);
}

CALL(md5_string)
{
    (void)root;
    return digest_text(ctx, GLC_MD5, args[0].u.text);
}

CALL(sha1_string)
{
    (void)root;
    return digest_text(ctx, GLC_SHA1, args[0].u.text);
}

CALL(sha256_string)
{
    (void)root;
    return digest_text(ctx, GLC_SHA256, args[0].u.text);
}

static struct glc_value sum(struct glc_span s)
{
    uint32_t total = 0;
    for (size_t i = 0; i < s.len; i++)
        total += s.ptr[i];
    return glc_value_int(total);
}

CALL(sum_range)
{
    struct glc_span s;
    (void)root;
    return glc_value_range(ctx, args, &s) ? sum(s) : glc_value_undefined(GLC_T_INT);
}

CALL(sum_string)
{
    (void)ctx, (void)root;
    return sum(args[0].u.text);
}

static struct glc_value crc(struct glc_span s)
{
    return glc_value_int(s.len == 0 ? 0 : libdeflate_crc32(0, s.ptr, s.len));
}

CALL(crc_range)
{
    struct glc_span s;
    (void)root;
    return glc_value_range(ctx, args, &s) ? crc(s) : glc_value_undefined(GLC_T_INT);
}

CALL(crc_string)
{
    (void)ctx, (void)root;
    return crc(args[0].u.text);
}

static const struct glc_function functions[] = {
    { "md5", "ii", GLC_T_STRING, "MD5 of the bytes at offset, size", md5_range },
    { "md5", "s", GLC_T_STRING, "MD5 of a string", md5_string },
    { "sha1", "ii", GLC_T_STRING, "SHA-1 of the bytes at offset, size", sha1_range },
    { "sha1", "s", GLC_T_STRING, "SHA-1 of a string", sha1_string },
    { "sha256", "ii", GLC_T_STRING, "SHA-256 of the bytes at offset, size", sha256_range },
    { "sha256", "s", GLC_T_STRING, "SHA-256 of a string", sha256_string },
    { "checksum32", "ii", GLC_T_INT, "sum of the bytes at offset, size, modulo 2^32", sum_range },
    { "checksum32", "s", GLC_T_INT, "sum of a string's bytes, modulo 2^32", sum_string },
    { "crc32", "ii", GLC_T_INT, "CRC-32 of the bytes at offset, size", crc_range },
    { "crc32", "s", GLC_T_INT, "CRC-32 of a string", crc_string },
    { 0 },
};

const struct glc_module glc_hash_module = {
    .name = "hash",
    .help = "Digests and checksums of parts of the layer",
    .functions = functions,
    .load = load,
};
