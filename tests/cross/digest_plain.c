/* The digests of base/digest.h without OpenSSL, for cross builds that test the engine: RFC 1321, FIPS 180-4.
 * Slow, and of no use elsewhere. */
#include "base/digest.h"

#include "base/cursor.h"

#include <math.h>
#include <stdlib.h>

struct glc_digest {
    enum glc_digest_alg alg;
    uint32_t h[8];
    uint64_t len;
    uint8_t block[64];
};

static const struct {
    const char *name;
    size_t len;
} algs[GLC_DIGEST_ALGS] = {
    [GLC_MD5] = { "md5", 16 }, [GLC_SHA1] = { "sha1", 20 }, [GLC_SHA256] = { "sha256", 32 }
};

static uint32_t left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t right(uint32_t x, unsigned n)
{
    return left(x, 32 - n);
}

static uint32_t be32(const uint8_t *p)
{
    return __builtin_bswap32(glc_le32(p));
}

static void md5(uint32_t *h, const uint8_t *p)
{
    static const uint8_t turn[4][4] = {
        { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
    };
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3];
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t f = i < 16   ? (b & c) | (~b & d)
                     : i < 32 ? (d & b) | (~d & c)
                     : i < 48 ? b ^ c ^ d
                              : c ^ (b | ~d);
        uint32_t word = i < 16 ? i : i < 32 ? 5 * i + 1 : i < 48 ? 3 * i + 5 : 7 * i;
        f += a + (uint32_t)(fabs(sin((double)i + 1)) * 4294967296.0) + glc_le32(p + 4 * (word & 15));
        a = d;
        d = c;
        c = b;
        b += left(f, turn[i / 16][i & 3]);
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d;
}

static void sha1(uint32_t *h, const uint8_t *p)
{
    static const uint32_t add[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (unsigned i = 0; i < 80; i++) {
        w[i] = i < 16 ? be32(p + 4 * i) : left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t f = i < 20              ? (b & c) | (~b & d)
                     : i < 40 || i >= 60 ? b ^ c ^ d
                                         : (b & c) | (b & d) | (c & d);
        uint32_t t = left(a, 5) + f + e + add[i / 20] + w[i];
        e = d;
        d = c;
        c = left(b, 30);
        b = a;
        a = t;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static uint32_t root(unsigned i)
{
    unsigned prime = 2;
    for (unsigned n = 0;; prime++) {
        bool is = true;
        for (unsigned k = 2; k * k <= prime; k++)
            is = is && prime % k != 0;
        if (is && n++ == i)
            break;
    }
    double r = cbrt((double)prime);
    return (uint32_t)((r - floor(r)) * 4294967296.0);
}

static void sha256(uint32_t *h, const uint8_t *p)
{
    uint32_t w[64], v[8];
    memcpy(v, h, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        w[i] = i < 16 ? be32(p + 4 * i)
                      : w[i - 16] + w[i - 7] + (right(w[i - 15], 7) ^ right(w[i - 15], 18) ^ w[i - 15] >> 3) +
                            (right(w[i - 2], 17) ^ right(w[i - 2], 19) ^ w[i - 2] >> 10);
        uint32_t t = v[7] + (right(v[4], 6) ^ right(v[4], 11) ^ right(v[4], 25)) +
                     ((v[4] & v[5]) ^ (~v[4] & v[6])) + root(i) + w[i];
        uint32_t u = (right(v[0], 2) ^ right(v[0], 13) ^ right(v[0], 22)) +
                     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t;
        v[0] = t + u;
    }
    for (unsigned i = 0; i < 8; i++)
        h[i] += v[i];
}

static void block(struct glc_digest *d)
{
    if (d->alg == GLC_MD5)
        md5(d->h, d->block);
    else if (d->alg == GLC_SHA1)
        sha1(d->h, d->block);
    else
        sha256(d->h, d->block);
}

bool glc_digest_prepare(void)
{
    return true;
}

size_t glc_digest_len(enum glc_digest_alg alg)
{
    return algs[alg].len;
}

const char *glc_digest_name(enum glc_digest_alg alg)
{
    return algs[alg].name;
}

struct glc_digest *glc_digest_new(enum glc_digest_alg alg)
{
    struct glc_digest *d = calloc(1, sizeof *d);
    if (d != NULL)
        d->alg = alg;
    return d;
}

void glc_digest_free(struct glc_digest *d)
{
    free(d);
}

bool glc_digest_begin(struct glc_digest *d)
{
    static const uint32_t other[8] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
    static const uint32_t sha2[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    memcpy(d->h, d->alg == GLC_SHA256 ? sha2 : other, sizeof d->h);
    d->len = 0;
    return true;
}

bool glc_digest_update(struct glc_digest *d, struct glc_span s)
{
    for (size_t i = 0; i < s.len; i++) {
        d->block[d->len++ & 63] = s.ptr[i];
        if ((d->len & 63) == 0)
            block(d);
    }
    return true;
}

bool glc_digest_end(struct glc_digest *d, uint8_t out[GLC_DIGEST_MAX])
{
    uint64_t bits = d->len * 8;
    static const uint8_t one = 0x80, zero = 0;
    (void)!glc_digest_update(d, glc_span(&one, 1));
    while ((d->len & 63) != 56)
        (void)!glc_digest_update(d, glc_span(&zero, 1));
    for (unsigned i = 0; i < 8; i++)
        d->block[56 + i] = (uint8_t)(bits >> (d->alg == GLC_MD5 ? 8 * i : 56 - 8 * i));
    block(d);
    for (size_t i = 0; i < algs[d->alg].len; i++)
        out[i] = (uint8_t)(d->h[i / 4] >> (d->alg == GLC_MD5 ? 8 * (i & 3) : 24 - 8 * (i & 3)));
    return true;
}

bool glc_digest_of(struct glc_digest *d, struct glc_span s, uint8_t out[GLC_DIGEST_MAX])
{
    return glc_digest_begin(d) && glc_digest_update(d, s) && glc_digest_end(d, out);
}
