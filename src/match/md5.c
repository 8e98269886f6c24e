/* Sixteen lanes, each with a message. A lane's bytes are two runs of blocks: those that lie whole in the
 * message, and the one or two behind them with its end, the padding and the length. All lanes go on together
 * until one of them is at the end of its run; a lane whose message is done takes the next one, and one for
 * which there is none goes round in a block of zeroes. */
#include "match/md5.h"

#include "base/cursor.h"

#include <string.h>

enum { LANES = 16, BLOCK = 64 };

/* The compiler makes of it what the target has: one register of AVX-512, two of AVX2, four of SSE2 or NEON.
 */
typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));

struct lane {
    const uint8_t *at;
    size_t blocks; /* left in the run */
    size_t step;   /* BLOCK; 0: nobody's lane */
    struct glc_md5 *message;
    bool in_tail;
    size_t tails;            /* blocks of the tail */
    uint8_t tail[2 * BLOCK]; /* its last bytes, 0x80, zeroes, its length in bits */
};

struct state {
    lanes h[4];
    struct lane lane[LANES];
};

/* RFC 1321, 3.4: the integer part of 2^32 times the sine of i + 1. */
static const uint32_t sine[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

#define F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define G(x, y, z) ((y) ^ ((z) & ((x) ^ (y))))
#define H(x, y, z) ((x) ^ (y) ^ (z))
#define I(x, y, z) ((y) ^ ((x) | ~(z)))
#define STEP(f, a, b, c, d, k, i, s)                                                                         \
    do {                                                                                                     \
        a += f(b, c, d) + w[(k)&15] + sine[i];                                                               \
        a = ((a << (s)) | (a >> (32 - (s)))) + b;                                                            \
    } while (0)
/* Sixteen steps: words in the order `from`, from + by, …; four amounts to turn by. */
#define ROUND(f, first, from, by, s0, s1, s2, s3)                                                            \
    _Pragma("GCC unroll 4") for (unsigned i = 0; i < 16; i += 4)                                             \
    {                                                                                                        \
        STEP(f, a, b, c, d, (from) + (by)*i, (first) + i, s0);                                               \
        STEP(f, d, a, b, c, (from) + (by) * (i + 1), (first) + i + 1, s1);                                   \
        STEP(f, c, d, a, b, (from) + (by) * (i + 2), (first) + i + 2, s2);                                   \
        STEP(f, b, c, d, a, (from) + (by) * (i + 3), (first) + i + 3, s3);                                   \
    }

/* `n` blocks of every lane. */
static inline __attribute__((always_inline)) void run(struct state *s, size_t n)
{
    const uint8_t *at[LANES];
    for (unsigned l = 0; l < LANES; l++)
        at[l] = s->lane[l].at;
    for (; n != 0; n--) {
        lanes w[16], a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3];
        for (unsigned l = 0; l < LANES; l++) {
            for (unsigned k = 0; k < 16; k++)
                w[k][l] = glc_le32(at[l] + (size_t)4 * k);
            at[l] += s->lane[l].step;
        }
        ROUND(F, 0, 0, 1, 7, 12, 17, 22)
        ROUND(G, 16, 1, 5, 5, 9, 14, 20)
        ROUND(H, 32, 5, 3, 4, 11, 16, 23)
        ROUND(I, 48, 0, 7, 6, 10, 15, 21)
        s->h[0] += a;
        s->h[1] += b;
        s->h[2] += c;
        s->h[3] += d;
    }
    for (unsigned l = 0; l < LANES; l++)
        s->lane[l].at = at[l];
}

static void run_plain(struct state *s, size_t n)
{
    run(s, n);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void run_avx2(struct state *s, size_t n)
{
    run(s, n);
}

__attribute__((target("avx512f,avx512vl"))) static void run_avx512(struct state *s, size_t n)
{
    run(s, n);
}
#endif

static void start(struct state *s, unsigned l, struct glc_md5 *m)
{
    static const uint32_t first[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    struct lane *x = &s->lane[l];
    size_t rest = m->data.len % BLOCK, whole = m->data.len / BLOCK;
    uint64_t bits = (uint64_t)m->data.len * 8;
    for (unsigned i = 0; i < 4; i++)
        s->h[i][l] = first[i];
    memset(x->tail, 0, sizeof x->tail);
    if (rest != 0)
        memcpy(x->tail, m->data.ptr + whole * BLOCK, rest);
    x->tail[rest] = 0x80;
    x->tails = rest < BLOCK - 8 ? 1 : 2;
    for (unsigned i = 0; i < 8; i++)
        x->tail[x->tails * BLOCK - 8 + i] = (uint8_t)(bits >> 8 * i);
    x->message = m;
    x->step = BLOCK;
    x->in_tail = whole == 0;
    x->at = whole == 0 ? x->tail : m->data.ptr;
    x->blocks = whole == 0 ? x->tails : whole;
}

static void end(const struct state *s, unsigned l)
{
    for (unsigned i = 0; i < 16; i++)
        s->lane[l].message->sum[i] = (uint8_t)(s->h[i / 4][l] >> 8 * (i % 4));
}

/* Lanes at the end of a run go on with what comes next. Gives how many blocks all can do; 0: all is done. */
static size_t next(struct state *s, struct glc_md5 **message, const struct glc_md5 *stop)
{
    static const uint8_t zeroes[BLOCK];
    size_t most = SIZE_MAX;
    for (unsigned l = 0; l < LANES; l++) {
        struct lane *x = &s->lane[l];
        if (x->blocks == 0 && x->message != NULL && !x->in_tail) {
            x->in_tail = true;
            x->at = x->tail;
            x->blocks = x->tails;
        } else if (x->blocks == 0) {
            if (x->message != NULL)
                end(s, l);
            x->message = NULL;
            if (*message != stop)
                start(s, l, (*message)++);
        }
        if (x->message == NULL) {
            x->at = zeroes;
            x->step = 0;
        } else if (x->blocks < most) {
            most = x->blocks;
        }
    }
    return most == SIZE_MAX ? 0 : most;
}

void glc_md5_many(struct glc_md5 *message, size_t n, enum glc_simd path)
{
    void (*go)(struct state *, size_t) = run_plain;
    struct state s = { .h = { { 0 } } };
    const struct glc_md5 *stop = message + n;
#ifdef __x86_64__
    if (path == GLC_SIMD_BEST)
        path = glc_simd_best();
    go = path == GLC_SIMD_AVX512 ? run_avx512 : path == GLC_SIMD_AVX2 ? run_avx2 : run_plain;
#else
    (void)path;
#endif
    for (size_t blocks; (blocks = next(&s, &message, stop)) != 0;) {
        go(&s, blocks);
        for (unsigned l = 0; l < LANES; l++)
            if (s.lane[l].message != NULL)
                s.lane[l].blocks -= blocks;
    }
}
