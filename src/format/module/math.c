/* The module `math`: statistics over ranges of the layer, and arithmetic on whole numbers. YARA manual, "Math
 * module".
 *
 * What the manual leaves open is as yara 4.2.3 answers: min and max compare without sign, the serial
 * correlation closes the ring with the last byte's square, and a range that starts at or past the end is
 * undefined. */
#include "format/module/modules.h"

#include "format/module/value.h"

#include <math.h>

struct counts {
    uint64_t of[256];
    uint64_t total;
};

/* Rules ask again and again for the same range, mostly the whole layer. */
struct math_cache {
    struct glc_span range;
    bool filled;
    struct counts counts;
};

static void load(const struct glc_module_ctx *ctx, struct glc_value *member, void **own)
{
    (void)member;
    *own = glc_arena_alloc(ctx->arena, sizeof(struct math_cache));
}

static void count_bytes(struct glc_span s, struct counts *c)
{
    /* Four tables, so that equal neighbours do not wait for each other's store. */
    uint64_t part[3][256] = { { 0 } };
    size_t i = 0;
    *c = (struct counts){ .total = s.len };
    for (; s.len - i >= 4; i += 4) {
        c->of[s.ptr[i]]++;
        part[0][s.ptr[i + 1]]++;
        part[1][s.ptr[i + 2]]++;
        part[2][s.ptr[i + 3]]++;
    }
    for (; i < s.len; i++)
        c->of[s.ptr[i]]++;
    for (size_t b = 0; b < 256; b++)
        c->of[b] += part[0][b] + part[1][b] + part[2][b];
}

/* Counts of a range; from the cache where the last question was the same. `scratch` is the caller's. */
static const struct counts *counts_of(const struct glc_value *root, struct glc_span s, struct counts *scratch)
{
    struct math_cache *cache = root->u.own;
    if (cache == NULL) {
        count_bytes(s, scratch);
        return scratch;
    }
    if (!cache->filled || cache->range.ptr != s.ptr || cache->range.len != s.len) {
        count_bytes(s, &cache->counts);
        cache->range = s;
        cache->filled = true;
    }
    return &cache->counts;
}

typedef struct glc_value statistic(const struct counts *c, double arg);

static struct glc_value entropy_of(const struct counts *c, double arg)
{
    (void)arg;
    double sum = 0;
    for (size_t b = 0; b < 256; b++) {
        if (c->of[b] == 0)
            continue;
        double p = (double)c->of[b] / (double)c->total;
        sum -= p * log2(p);
    }
    return glc_value_float(sum);
}

/* How likely two bytes, taken without putting the first back, are the same. */
static struct glc_value coincidence_of(const struct counts *c, double arg)
{
    (void)arg;
    double sum = 0, n = (double)c->total;
    for (size_t b = 0; b < 256; b++)
        sum += (double)c->of[b] * ((double)c->of[b] - 1);
    return c->total < 2 ? glc_value_undefined(GLC_T_FLOAT) : glc_value_float(sum / (n * (n - 1)));
}

static struct glc_value mean_of(const struct counts *c, double arg)
{
    (void)arg;
    double sum = 0;
    for (size_t b = 0; b < 256; b++)
        sum += (double)b * (double)c->of[b];
    return c->total == 0 ? glc_value_undefined(GLC_T_FLOAT) : glc_value_float(sum / (double)c->total);
}

static struct glc_value deviation_of(const struct counts *c, double mean)
{
    double sum = 0;
    for (size_t b = 0; b < 256; b++)
        if (c->of[b] != 0) /* the mean may be infinite */
            sum += fabs((double)b - mean) * (double)c->of[b];
    return c->total == 0 ? glc_value_undefined(GLC_T_FLOAT) : glc_value_float(sum / (double)c->total);
}

static struct glc_value count_of(const struct counts *c, double byte)
{
    return glc_value_int((int64_t)c->of[(uint8_t)byte]);
}

static struct glc_value percentage_of(const struct counts *c, double byte)
{
    if (c->total == 0)
        return glc_value_undefined(GLC_T_FLOAT);
    return glc_value_float((double)c->of[(uint8_t)byte] / (double)c->total);
}

/* The smallest of the most frequent bytes. */
static struct glc_value mode_of(const struct counts *c, double arg)
{
    (void)arg;
    size_t most = 0;
    for (size_t b = 1; b < 256; b++)
        if (c->of[b] > c->of[most])
            most = b;
    return glc_value_int((int64_t)most);
}

static struct glc_value over_range(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                   const struct glc_value *range, statistic *f, double arg,
                                   enum glc_type type)
{
    struct glc_span s;
    struct counts scratch;
    if (!glc_value_range(ctx, range, &s))
        return glc_value_undefined(type);
    return f(counts_of(root, s, &scratch), arg);
}

static struct glc_value over_layer(const struct glc_module_ctx *ctx, const struct glc_value *root,
                                   statistic *f, double arg, enum glc_type type)
{
    struct counts scratch;
    if (ctx->data.len == 0)
        return glc_value_undefined(type);
    return f(counts_of(root, ctx->data, &scratch), arg);
}

static struct glc_value over_string(struct glc_span s, statistic *f, double arg)
{
    struct counts c;
    count_bytes(s, &c);
    return f(&c, arg);
}

#define CALL(name)                                                                                           \
    static struct glc_value name(const struct glc_module_ctx *ctx, const struct glc_value *root,             \
                                 const struct glc_value *args)
#define UNUSED(x) ((void)(x))

CALL(entropy_range)
{
    return over_range(ctx, root, args, entropy_of, 0, GLC_T_FLOAT);
}

CALL(entropy_string)
{
    UNUSED(ctx), UNUSED(root);
    return over_string(args[0].u.text, entropy_of, 0);
}

CALL(coincidence_range)
{
    return over_range(ctx, root, args, coincidence_of, 0, GLC_T_FLOAT);
}

CALL(coincidence_string)
{
    UNUSED(ctx), UNUSED(root);
    return over_string(args[0].u.text, coincidence_of, 0);
}

CALL(mean_range)
{
    return over_range(ctx, root, args, mean_of, 0, GLC_T_FLOAT);
}

CALL(mean_string)
{
    UNUSED(ctx), UNUSED(root);
    return over_string(args[0].u.text, mean_of, 0);
}

CALL(deviation_range)
{
    return over_range(ctx, root, args, deviation_of, args[2].u.real, GLC_T_FLOAT);
}

CALL(deviation_string)
{
    UNUSED(ctx), UNUSED(root);
    return over_string(args[0].u.text, deviation_of, args[1].u.real);
}

CALL(count_range)
{
    return over_range(ctx, root, args + 1, count_of, (uint8_t)args[0].u.integer, GLC_T_INT);
}

CALL(count_layer)
{
    return over_layer(ctx, root, count_of, (uint8_t)args[0].u.integer, GLC_T_INT);
}

CALL(percentage_range)
{
    return over_range(ctx, root, args + 1, percentage_of, (uint8_t)args[0].u.integer, GLC_T_FLOAT);
}

CALL(percentage_layer)
{
    return over_layer(ctx, root, percentage_of, (uint8_t)args[0].u.integer, GLC_T_FLOAT);
}

CALL(mode_range)
{
    return over_range(ctx, root, args, mode_of, 0, GLC_T_INT);
}

CALL(mode_layer)
{
    UNUSED(args);
    return over_layer(ctx, root, mode_of, 0, GLC_T_INT);
}

/* Knuth, The Art of Computer Programming 2, 3.3.2 K, as Walker's `ent` computes it, but for the byte that
 * closes the ring. */
static struct glc_value correlation(struct glc_span s)
{
    double n = (double)s.len, last = 0, t1 = 0, t2 = 0, t3 = 0;
    for (size_t i = 0; i < s.len; i++) {
        double b = s.ptr[i];
        t1 += last * b;
        t2 += b;
        t3 += b * b;
        last = b;
    }
    t1 += last * last;
    t2 *= t2;
    double scale = n * t3 - t2;
    return glc_value_float(scale == 0 ? -100000 : (n * t1 - t2) / scale);
}

CALL(correlation_range)
{
    struct glc_span s;
    UNUSED(root);
    return glc_value_range(ctx, args, &s) ? correlation(s) : glc_value_undefined(GLC_T_FLOAT);
}

CALL(correlation_string)
{
    UNUSED(ctx), UNUSED(root);
    return correlation(args[0].u.text);
}

/* Each six bytes are a point (24 bits each way) in a square; the share within the inscribed quarter circle is
 * near pi / 4. */
static struct glc_value monte_carlo(struct glc_span s)
{
    const double pi = 3.14159265358979323846, edge = 16777215.0;
    uint64_t within = 0, points = s.len / 6;
    for (uint64_t i = 0; i < points; i++) {
        const uint8_t *p = s.ptr + 6 * i;
        double x = (double)((uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]);
        double y = (double)((uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5]);
        within += x * x + y * y <= edge * edge;
    }
    if (points == 0)
        return glc_value_undefined(GLC_T_FLOAT);
    return glc_value_float(fabs((4.0 * ((double)within / (double)points) - pi) / pi));
}

CALL(monte_carlo_range)
{
    struct glc_span s;
    UNUSED(root);
    return glc_value_range(ctx, args, &s) ? monte_carlo(s) : glc_value_undefined(GLC_T_FLOAT);
}

CALL(monte_carlo_string)
{
    UNUSED(ctx), UNUSED(root);
    return monte_carlo(args[0].u.text);
}

CALL(in_range)
{
    UNUSED(ctx), UNUSED(root);
    return glc_value_int(args[0].u.real >= args[1].u.real && args[0].u.real <= args[2].u.real);
}

CALL(max_of)
{
    UNUSED(ctx), UNUSED(root);
    uint64_t a = (uint64_t)args[0].u.integer, b = (uint64_t)args[1].u.integer;
    return glc_value_int((int64_t)(a > b ? a : b));
}

CALL(min_of)
{
    UNUSED(ctx), UNUSED(root);
    uint64_t a = (uint64_t)args[0].u.integer, b = (uint64_t)args[1].u.integer;
    return glc_value_int((int64_t)(a < b ? a : b));
}

CALL(abs_of)
{
    UNUSED(ctx), UNUSED(root);
    int64_t v = args[0].u.integer;
    return glc_value_int(v < 0 ? (int64_t)(0 - (uint64_t)v) : v);
}

CALL(to_number)
{
    UNUSED(ctx), UNUSED(root);
    return glc_value_int(args[0].u.integer != 0);
}

static struct glc_value number_text(const struct glc_module_ctx *ctx, int64_t v, int64_t base)
{
    switch (base) {
    case 8:
        return glc_value_cstr(glc_arena_printf(ctx->arena, "%llo", (unsigned long long)v));
    case 10:
        return glc_value_cstr(glc_arena_printf(ctx->arena, "%lld", (long long)v));
    case 16:
        return glc_value_cstr(glc_arena_printf(ctx->arena, "%llx", (unsigned long long)v));
    default:
        return glc_value_undefined(GLC_T_STRING);
    }
}

CALL(to_string)
{
    UNUSED(root);
    return number_text(ctx, args[0].u.integer, 10);
}

CALL(to_string_base)
{
    UNUSED(root);
    return number_text(ctx, args[0].u.integer, args[1].u.integer);
}

static const struct glc_field fields[] = {
    { .name = "MEAN_BYTES", .type = GLC_T_FLOAT, .constant = true, .real = 127.5 },
    { 0 },
};

static const struct glc_function functions[] = {
    { "in_range", "fff", GLC_T_INT, "is the first number between the others, both included?", in_range },
    { "deviation", "iif", GLC_T_FLOAT, "mean distance of the bytes at offset, size from a mean",
      deviation_range },
    { "deviation", "sf", GLC_T_FLOAT, "mean distance of a string's bytes from a mean", deviation_string },
    { "mean", "ii", GLC_T_FLOAT, "mean of the bytes at offset, size", mean_range },
    { "mean", "s", GLC_T_FLOAT, "mean of a string's bytes", mean_string },
    { "serial_correlation", "ii", GLC_T_FLOAT, "how far each byte at offset, size tells the next",
      correlation_range },
    { "serial_correlation", "s", GLC_T_FLOAT, "how far each byte of a string tells the next",
      correlation_string },
    { "monte_carlo_pi", "ii", GLC_T_FLOAT, "relative error of pi, estimated from the bytes at offset, size",
      monte_carlo_range },
    { "monte_carlo_pi", "s", GLC_T_FLOAT, "relative error of pi, estimated from a string",
      monte_carlo_string },
    { "entropy", "ii", GLC_T_FLOAT, "bits of entropy per byte at offset, size (0 to 8)", entropy_range },
    { "entropy", "s", GLC_T_FLOAT, "bits of entropy per byte of a string (0 to 8)", entropy_string },
    { "index_of_coincidence", "ii", GLC_T_FLOAT, "how likely two bytes at offset, size are the same",
      coincidence_range },
    { "index_of_coincidence", "s", GLC_T_FLOAT, "how likely two bytes of a string are the same",
      coincidence_string },
    { "min", "ii", GLC_T_INT, "the lesser of two unsigned integers", min_of },
    { "max", "ii", GLC_T_INT, "the greater of two unsigned integers", max_of },
    { "to_number", "b", GLC_T_INT, "1 for true, 0 for false", to_number },
    { "to_number", "i", GLC_T_INT, "0 for 0, 1 for all else",
      to_number }, /* truths of modules are integers */
    { "abs", "i", GLC_T_INT, "without its sign", abs_of },
    { "count", "iii", GLC_T_INT, "how often a byte occurs at offset, size", count_range },
    { "count", "i", GLC_T_INT, "how often a byte occurs", count_layer },
    { "percentage", "iii", GLC_T_FLOAT, "share of a byte at offset, size (0.0 to 1.0)", percentage_range },
    { "percentage", "i", GLC_T_FLOAT, "share of a byte (0.0 to 1.0)", percentage_layer },
    { "mode", "ii", GLC_T_INT, "the most frequent byte at offset, size", mode_range },
    { "mode", "", GLC_T_INT, "the most frequent byte", mode_layer },
    { "to_string", "i", GLC_T_STRING, "in decimal", to_string },
    { "to_string", "ii", GLC_T_STRING, "in base 8, 10 or 16", to_string_base },
    { 0 },
};

const struct glc_module glc_math_module = {
    .name = "math",
    .help = "Statistics over bytes, arithmetic on numbers",
    .fields = fields,
    .functions = functions,
    .load = load,
};
