/* The runs of masked bytes that every match of an expression contains, read off its levels: what is rarest
 * among them says best where a match can be. */
#include "match/gather.h"
#include "match/re_internal.h"

enum { LOOKED_AT = 64 /* bytes of a run */ };

/* How often a byte stands where one is looked at, of 1024: roughly, of programs and text together. */
static unsigned frequency(uint8_t b)
{
    static const uint8_t code[] = { 0x48, 0x8b, 0x89, 0x24, 0x0f, 0xe8, 0x01, 0x83, 0x44, 0x4c, 0x41 };
    if (b == 0)
        return 160;
    if (b == 0xff || b == ' ')
        return 30;
    if (memchr(code, b, sizeof code) != NULL)
        return 12;
    return glc_ascii_isalnum(b) ? 12 : 4;
}

/* Of its places, each alone: how often a byte is as the piece has it. */
static double chance(const struct glc_piece *p, uint32_t i)
{
    uint8_t mask = p->mask != NULL ? p->mask[i] : 0xff;
    return mask == 0xff ? frequency(p->value[i]) / 1024.0 : 1.0 / (double)(1u << __builtin_popcount(mask));
}

double glc_piece_expected(const struct glc_piece *p)
{
    double all = 1;
    for (uint32_t i = 0; i < p->len && i < LOOKED_AT; i++)
        all *= chance(p, i);
    return all;
}

/* Its two rarest positions. */
static void find_rare(struct glc_piece *p)
{
    double best[2] = { 1, 1 };
    p->rare[0] = p->rare[1] = p->len;
    for (uint32_t i = 0; i < p->len && i < LOOKED_AT; i++) {
        double one = chance(p, i);
        if (one < best[0]) {
            best[1] = best[0];
            p->rare[1] = p->rare[0];
            best[0] = one;
            p->rare[0] = i;
        } else if (one < best[1]) {
            best[1] = one;
            p->rare[1] = i;
        }
    }
}

static uint32_t add(uint32_t a, uint32_t b)
{
    return a == GLC_IMG_NONE || b >= GLC_IMG_NONE - a ? GLC_IMG_NONE : a + b;
}

/* Keeps the rarest, the rarest first. */
static void keep(struct glc_piece *out, double *expected, uint32_t *n, struct glc_piece piece)
{
    const double most = 1e-3; /* of all places: what is met more often is not worth a walk */
    double now = glc_piece_expected(&piece);
    if (now > most || (*n == GLC_PIECES && now >= expected[GLC_PIECES - 1]))
        return;
    uint32_t i = *n < GLC_PIECES ? (*n)++ : GLC_PIECES - 1;
    for (; i > 0 && expected[i - 1] > now; i--) {
        out[i] = out[i - 1];
        expected[i] = expected[i - 1];
    }
    find_rare(&piece);
    out[i] = piece;
    expected[i] = now;
}

uint32_t glc_pieces_of(struct glc_span code, struct glc_piece out[GLC_PIECES])
{
    double expected[GLC_PIECES];
    struct glc_re_head head;
    struct glc_re_level lv;
    uint32_t n = 0, near = 0, far = 0;
    if (!glc_re_head_decode(code, &head) || (head.flags & GLC_RE_REVERSE) != 0)
        return 0;
    for (uint32_t i = 0; i < head.levels && near != GLC_IMG_NONE; i++) {
        if (!glc_re_level_decode(&head.body, &lv))
            return 0;
        if (lv.gap != GLC_RE_GAP_NONE) {
            near = add(near, lv.min);
            far = lv.max == GLC_UNBOUNDED ? GLC_IMG_NONE : add(far, lv.max < lv.min ? lv.min : lv.max);
        }
        if (lv.body == GLC_RE_BODY_BYTES || lv.body == GLC_RE_BODY_MASKED)
            keep(out, expected, &n,
                 (struct glc_piece){ .value = lv.value,
                                     .mask = lv.body == GLC_RE_BODY_MASKED ? lv.mask : NULL,
                                     .len = lv.len,
                                     .near = near,
                                     .far = far });
        if (lv.body == GLC_RE_BODY_NFA)
            far = GLC_IMG_NONE;
        else if (lv.body != GLC_RE_BODY_EMPTY && lv.body != GLC_RE_BODY_ASSERT) {
            near = add(near, lv.len);
            far = add(far, lv.len);
        }
    }
    return n;
}
