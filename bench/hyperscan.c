/* Hyperscan as a peer: literals only, one a line in hex, compiled into one block-mode database and run over
 * the files.
 *
 * usage: hyperscan LITERALS FILE-LIST
 * Prints `COMPILE-SECONDS BYTES SCAN-SECONDS MATCHES` (second pass over the files, page cache warm). */
#include "base/arena.h"
#include "base/file.h"
#include "base/hex.h"

#include <hs/hs.h>
#include <inttypes.h>
#include <stdio.h>

static uint64_t matches;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
    (void)id, (void)from, (void)to, (void)flags, (void)ctx;
    matches++;
    return 0;
}

struct literal {
    struct glc_span bytes;
};

static bool load(const char *path, struct glc_arena *a, struct literal **out, size_t *n)
{
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        perror(path);
        return false;
    }
    char line[8192];
    while (fgets(line, sizeof line, f) != NULL) {
        struct glc_span hex = glc_span(line, strcspn(line, "\n"));
        uint8_t *bytes = glc_arena_alloc(a, hex.len / 2 + 1);
        if (bytes == NULL || !glc_hex_decode(hex, bytes))
            continue;
        struct literal *l = glc_arena_push(a, out, n, sizeof *l);
        if (l != NULL)
            l->bytes = glc_span(bytes, hex.len / 2);
    }
    fclose(f);
    return !a->failed;
}

static hs_database_t *compile(const struct literal *l, size_t n, struct glc_arena *a)
{
    const char **text = glc_arena_array(a, n, sizeof(char *));
    size_t *len = glc_arena_array(a, n, sizeof *len);
    unsigned *flags = glc_arena_array(a, n, sizeof *flags), *id = glc_arena_array(a, n, sizeof *id);
    if (text == NULL || len == NULL || flags == NULL || id == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        text[i] = (const char *)l[i].bytes.ptr;
        len[i] = l[i].bytes.len;
        flags[i] = HS_FLAG_SINGLEMATCH;
        id[i] = (unsigned)i;
    }
    hs_database_t *db = NULL;
    hs_compile_error_t *error = NULL;
    if (hs_compile_lit_multi(text, flags, id, len, (unsigned)n, HS_MODE_BLOCK, NULL, &db, &error) !=
        HS_SUCCESS) {
        fprintf(stderr, "hyperscan: %s\n", error->message);
        return NULL;
    }
    return db;
}

int main(int argc, char **argv)
{
    struct glc_arena arena;
    glc_arena_init(&arena, (size_t)1 << 30);
    struct literal *literal = NULL;
    size_t n = 0;
    if (argc != 3 || !load(argv[1], &arena, &literal, &n)) {
        fputs("usage: hyperscan LITERALS FILE-LIST\n", stderr);
        return 2;
    }
    uint64_t start = glc_clock_ns();
    hs_database_t *db = compile(literal, n, &arena);
    double compiled = (double)(glc_clock_ns() - start) / 1e9;
    hs_scratch_t *scratch = NULL;
    if (db == NULL || hs_alloc_scratch(db, &scratch) != HS_SUCCESS)
        return 1;
    uint64_t bytes = 0;
    for (int pass = 0; pass < 2; pass++) {
        FILE *list = fopen(argv[2], "r");
        if (list == NULL)
            return 2;
        bytes = 0;
        matches = 0;
        start = glc_clock_ns();
        char line[4096];
        while (fgets(line, sizeof line, list) != NULL) {
            line[strcspn(line, "\n")] = '\0';
            struct glc_map map;
            if (glc_map_path(line, &map) != GLC_OK)
                continue;
            (void)hs_scan(db, (const char *)map.bytes.ptr, (unsigned)map.bytes.len, 0, scratch, on_match,
                          NULL);
            bytes += map.bytes.len;
            glc_map_done(&map);
        }
        fclose(list);
    }
    printf("%.4f %" PRIu64 " %.6f %" PRIu64 "\n", compiled, bytes, (double)(glc_clock_ns() - start) / 1e9,
           matches);
    hs_free_scratch(scratch);
    hs_free_database(db);
    glc_arena_done(&arena);
    return 0;
}
