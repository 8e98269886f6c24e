/* The machine's own limits: the same files read, mapped and hashed by nothing but a loop.
 *
 * usage: limits read|map|md5|sha1|sha256 FILE-LIST
 * Reads names from FILE-LIST (one a line), twice (the first pass warms the page cache), and prints the second
 * pass's `BYTES SECONDS`: of processor time, so that others on the machine do not count. */
#include "base/digest.h"
#include "base/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint8_t buffer[256 * 1024];
static volatile uint64_t sink; /* keeps the sums from being optimised away */

static uint64_t sum(struct glc_span s)
{
    uint64_t total = 0, word;
    for (size_t i = 0; i + 8 <= s.len; i += 8) {
        memcpy(&word, s.ptr + i, 8);
        total += word;
    }
    return total;
}

static uint64_t one_file(const char *path, const char *how, struct glc_digest *digest)
{
    uint64_t bytes = 0;
    if (strcmp(how, "read") == 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return 0;
        for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) {
            sink += sum(glc_span(buffer, (size_t)n));
            bytes += (uint64_t)n;
        }
        close(fd);
        return bytes;
    }
    struct glc_map map;
    if (glc_map_path(path, &map) != GLC_OK)
        return 0;
    bytes = map.bytes.len;
    uint8_t out[GLC_DIGEST_MAX];
    if (digest == NULL)
        sink += sum(map.bytes);
    else if (glc_digest_of(digest, map.bytes, out))
        sink += out[0];
    glc_map_done(&map);
    return bytes;
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: limits read|map|md5|sha1|sha256 FILE-LIST\n", stderr);
        return 2;
    }
    struct glc_digest *digest = NULL;
    for (int alg = 0; alg < GLC_DIGEST_ALGS; alg++)
        if (strcmp(argv[1], glc_digest_name((enum glc_digest_alg)alg)) == 0)
            digest = glc_digest_new((enum glc_digest_alg)alg);
    for (int pass = 0; pass < 2; pass++) {
        FILE *list = fopen(argv[2], "r");
        if (list == NULL) {
            perror(argv[2]);
            return 2;
        }
        uint64_t bytes = 0, start = cpu_ns();
        char line[4096];
        while (fgets(line, sizeof line, list) != NULL) {
            line[strcspn(line, "\n")] = '\0';
            bytes += one_file(line, argv[1], digest);
        }
        fclose(list);
        if (pass == 1)
            printf("%" PRIu64 " %.6f\n", bytes, (double)(cpu_ns() - start) / 1e9);
    }
    glc_digest_free(digest);
    return 0;
}
