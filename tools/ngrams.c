/* Writes src/compile/freq_table.h: how often short byte strings occur in clean files, so that the compiler
 * chooses windows that are rare there (src/compile/freq.c reads it).
 *
 *   cc -O2 -o ngrams tools/ngrams.c && find /usr/bin /usr/lib /usr/share -type f | LC_ALL=C sort | ./ngrams >
 * src/compile/freq_table.h
 *
 * Bytes are folded by OR 0x20 as the filter does. 4-grams and 3-grams are counted in hashed buckets and kept
 * as one hexadecimal digit: the binary logarithm of the count over the mean of all buckets. The commonest
 * 8-byte windows are kept as the top 24 bits of their hash. A file weighs at most 256 KiB, taken from its
 * middle, so that no large one rules. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIX UINT64_C(0x9e3779b97f4a7c15)
enum { BITS4 = 15, BITS3 = 14, BITS8 = 26, HOT = 4096, MOST = 256 * 1024 };

static uint32_t count4[1 << BITS4], count3[1 << BITS3];
static uint32_t count8[1 << BITS8]; /* by hash: collisions only make a window look hotter */

static void take(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 8 <= n; i++) {
        uint64_t w;
        memcpy(&w, p + i, 8);
        w |= UINT64_C(0x2020202020202020);
        count4[(w & 0xffffffff) * MIX >> (64 - BITS4)]++;
        count3[(w & 0xffffff) * MIX >> (64 - BITS3)]++;
        count8[w * MIX >> (64 - BITS8)]++;
    }
}

static void print_levels(const char *name, const uint32_t *count, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += count[i];
    double mean = (double)all / (double)n;
    printf("static const char %s[] =", name);
    for (size_t i = 0; i < n; i++) {
        if (i % 100 == 0)
            printf("%s\n    \"", i == 0 ? "" : "\"");
        int level = 0;
        while (level < 15 && (double)count[i] > mean * (double)(1u << level))
            level++;
        putchar("0123456789abcdef"[level]);
    }
    printf("\";\n\n");
}

static int by_count(const void *a, const void *b)
{
    uint32_t x = count8[*(const uint32_t *)a], y = count8[*(const uint32_t *)b];
    return x < y ? 1 : x > y ? -1 : 0;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

int main(void)
{
    static char path[4096];
    static uint8_t data[MOST];
    uint64_t bytes = 0;
    for (unsigned i = 0; fgets(path, sizeof path, stdin) != NULL; i++) {
        if (i % 6 != 0)
            continue;
        path[strcspn(path, "\n")] = 0;
        FILE *f = fopen(path, "rb");
        if (f == NULL)
            continue;
        fseek(f, 0, SEEK_END);
        long size = ftell(f);
        fseek(f, size > MOST ? (size - MOST) / 2 : 0, SEEK_SET);
        size_t n = fread(data, 1, MOST, f);
        fclose(f);
        take(data, n);
        bytes += n;
    }
    fprintf(stderr, "%llu bytes\n", (unsigned long long)bytes);
    printf("/* Made by tools/ngrams.c from %llu bytes of a Debian 12 system's files. */\n",
           (unsigned long long)bytes);
    printf("#define FREQ_BYTES %llu\n\nenum { FREQ_BITS4 = %d, FREQ_BITS3 = %d, FREQ_HOT = %d };\n\n",
           (unsigned long long)bytes, BITS4, BITS3, HOT);
    print_levels("freq4", count4, 1 << BITS4);
    print_levels("freq3", count3, 1 << BITS3);
    uint32_t *hot = malloc(sizeof *hot << BITS8), n = 0;
    for (uint32_t i = 0; i < 1u << BITS8; i++)
        if (count8[i] > bytes / 100000)
            hot[n++] = i;
    qsort(hot, n, sizeof *hot, by_count);
    fprintf(stderr, "hot: %u, the last kept has %u\n", n, n > HOT ? count8[hot[HOT - 1]] : 0);
    if (n > HOT)
        n = HOT;
    for (uint32_t i = 0; i < n; i++)
        hot[i] >>= BITS8 - 24;
    qsort(hot, n, sizeof *hot, by_value);
    printf("/* Top 24 bits of the hashes of the commonest folded windows, sorted, six digits each. "
           "*/\nstatic const char freq8[] =");
    for (uint32_t i = 0; i < n; i++) {
        if (i % 16 == 0)
            printf("%s\n    \"", i == 0 ? "" : "\"");
        printf("%06x", hot[i]);
    }
    printf("\";\n");
    return 0;
}
